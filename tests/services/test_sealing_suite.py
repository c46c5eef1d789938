"""Which suite seals, as an independent one sees it: whoever changes it must read why it was chosen first."""

from itertools import product

import pytest
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite

from portal.identity.models import User
from reimage.domain.parameters import ReimageParameters
from reimage.models import ReimageOperation, SecretField
from reimage.services import view_keys
from reimage.services.secrets import binding
from tests.sandbox_process import SandboxProcess
from tests.stories import draft

PASSWORD = "Correct-Horse-7"
KDFS = (KDF.HKDF_SHA256, KDF.HKDF_SHA384, KDF.HKDF_SHA512)
AEADS = (AEAD.AES_128_GCM, AEAD.AES_256_GCM, AEAD.CHACHA20_POLY1305)
CHOSEN = (KDF.HKDF_SHA256, AEAD.AES_256_GCM)


def suites_that_open(sealed: bytes, key: X25519PrivateKey, info: bytes) -> dict[tuple[KDF, AEAD], bytes]:
    """What each suite of RFC 9180 with X25519 makes of it."""
    found = {}
    for kdf, aead in product(KDFS, AEADS):
        try:
            found[kdf, aead] = Suite(KEM.X25519, kdf, aead).decrypt(sealed, key, info=info)
        except InvalidTag:
            continue
    return found


@pytest.fixture
def operation(azure: SandboxProcess, alice: User) -> ReimageOperation:
    return draft(alice, "web-02", parameters=ReimageParameters(admin_password=PASSWORD)).operations.get()


@pytest.mark.asvs("V11.2.3", "V11.3.2")
def test_a_secret_is_sealed_with_aes_256_gcm_and_nothing_else(
    operation: ReimageOperation, sealing_key: X25519PrivateKey
) -> None:
    field = SecretField.ADMIN_PASSWORD
    sealed = bytes(operation.sealed_secrets.get(field=field).ciphertext)
    opened = suites_that_open(sealed, sealing_key, binding(operation, operation.reimage_request, field))
    assert list(opened) == [CHOSEN]
    assert PASSWORD.encode() in opened[CHOSEN]


@pytest.mark.asvs("V11.2.3", "V11.3.2")
def test_so_is_a_password_for_the_browser_that_shows_it(operation: ReimageOperation) -> None:
    raw = view_keys.new_private_key()
    sealed = view_keys.seal_for_view(PASSWORD, view_keys.public_half(raw), operation)
    info = binding(operation, operation.reimage_request, view_keys.PURPOSE)
    assert suites_that_open(sealed, X25519PrivateKey.from_private_bytes(raw), info) == {CHOSEN: PASSWORD.encode()}
