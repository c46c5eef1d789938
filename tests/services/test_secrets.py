"""Sealed values open for what they were sealed for, and for nothing else."""

import base64
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from django.utils import timezone

from portal.identity.models import User
from reimage.domain.parameters import ReimageParameters
from reimage.models import ReimageOperation, SealedSecret, SecretField
from reimage.services import sealing_keys, secrets
from reimage.services.secrets import SealingError, SealingKeyMissing, open_secret
from tests.cast import BOB, FOREIGN_TENANT_ID, make_user
from tests.sandbox_process import SandboxProcess
from tests.stories import draft

PASSWORD = "Correct-Horse-7"
PARAMETERS = ReimageParameters(admin_password=PASSWORD, custom_data="I2Nsb3VkLWNvbmZpZwo=")


@pytest.fixture
def sealed(azure: SandboxProcess, alice: User) -> ReimageOperation:
    """web-02's password and customData, sealed."""
    return draft(alice, "web-02", parameters=PARAMETERS).operations.get()


def commitment(operation: ReimageOperation) -> str:
    return str(operation.plan["body"]["osProfile"]["adminPassword"]["commitment"])


def moved_to(operation: ReimageOperation, other: ReimageOperation, field: SecretField) -> None:
    """Somebody with the database copies a ciphertext to where it does not belong."""
    secret = operation.sealed_secrets.get(field="admin_password")
    other.sealed_secrets.filter(field=field).delete()
    secret.pk, secret.operation, secret.field = None, other, field
    secret.save(force_insert=True)


def write_key(file: Path, key: Any) -> str:
    file.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    file.chmod(0o400)
    return str(file)


@pytest.mark.asvs("V11.2.1")
def test_it_opens_what_was_sealed(sealed: ReimageOperation) -> None:
    assert open_secret(sealed, SecretField.ADMIN_PASSWORD, commitment=commitment(sealed)) == PASSWORD
    assert open_secret(sealed, SecretField.CUSTOM_DATA, commitment=None) == PARAMETERS.custom_data


def test_what_is_stored_holds_no_plaintext(sealed: ReimageOperation) -> None:
    needles = [PASSWORD.encode(), base64.b64encode(PASSWORD.encode()), b"cloud-config", b"I2Nsb3VkLWNvbmZpZwo"]
    for secret in SealedSecret.objects.all():
        assert not any(needle in bytes(secret.ciphertext) for needle in needles)
    assert PASSWORD not in str(sealed.plan)


def test_the_same_password_never_seals_or_commits_alike(azure: SandboxProcess, alice: User) -> None:
    first, second = (draft(alice, "web-02", parameters=PARAMETERS).operations.get() for _ in range(2))
    assert commitment(first) != commitment(second)
    ciphertexts = {bytes(secret.ciphertext) for secret in SealedSecret.objects.filter(field="admin_password")}
    assert len(ciphertexts) == 2


@pytest.mark.asvs("V11.3.3")
def test_it_does_not_open_for_another_request(sealed: ReimageOperation, alice: User) -> None:
    other = draft(alice, "web-02", parameters=PARAMETERS).operations.get()
    moved_to(sealed, other, SecretField.ADMIN_PASSWORD)
    with pytest.raises(SealingError, match="does not open"):
        open_secret(other, SecretField.ADMIN_PASSWORD, commitment=commitment(sealed))


@pytest.mark.asvs("V11.3.3")
def test_it_does_not_open_for_another_machine_of_the_request(azure: SandboxProcess, alice: User) -> None:
    first, second = draft(alice, "web-02", "web-03", parameters=PARAMETERS).operations.all()
    moved_to(first, second, SecretField.ADMIN_PASSWORD)
    with pytest.raises(SealingError, match="does not open"):
        open_secret(second, SecretField.ADMIN_PASSWORD, commitment=commitment(first))


@pytest.mark.asvs("V11.3.3")
def test_it_does_not_open_for_another_field(sealed: ReimageOperation) -> None:
    moved_to(sealed, sealed, SecretField.CUSTOM_DATA)
    with pytest.raises(SealingError, match="does not open"):
        open_secret(sealed, SecretField.CUSTOM_DATA, commitment=None)


@pytest.mark.asvs("V11.3.3")
def test_it_does_not_open_for_another_person(sealed: ReimageOperation) -> None:
    sealed.reimage_request.requester = make_user(BOB)
    with pytest.raises(SealingError, match="does not open"):
        open_secret(sealed, SecretField.ADMIN_PASSWORD, commitment=commitment(sealed))


@pytest.mark.asvs("V11.3.3")
def test_it_does_not_open_for_the_same_object_id_of_another_tenant(sealed: ReimageOperation) -> None:
    sealed.reimage_request.requester.tenant_id = FOREIGN_TENANT_ID
    with pytest.raises(SealingError, match="does not open"):
        open_secret(sealed, SecretField.ADMIN_PASSWORD, commitment=commitment(sealed))


@pytest.mark.asvs("V11.3.3")
def test_it_does_not_open_altered(sealed: ReimageOperation) -> None:
    secret = sealed.sealed_secrets.get(field="admin_password")
    for ciphertext in (b"", bytes(secret.ciphertext)[:-1], bytes(secret.ciphertext) + b"x"):
        sealed.sealed_secrets.filter(pk=secret.pk).update(ciphertext=ciphertext)
        with pytest.raises(SealingError, match="does not open"):
            open_secret(sealed, SecretField.ADMIN_PASSWORD, commitment=commitment(sealed))


def test_another_password_than_the_approved_one_is_refused(sealed: ReimageOperation) -> None:
    sealed.sealed_secrets.filter(field="admin_password").delete()
    other = secrets.commit("Another-Horse-8")
    secrets.seal(
        other,
        operation=sealed,
        reimage_request=sealed.reimage_request,
        field=SecretField.ADMIN_PASSWORD,
        now=timezone.now(),
    )
    with pytest.raises(SealingError, match="is not the approved one") as refused:
        open_secret(sealed, SecretField.ADMIN_PASSWORD, commitment=commitment(sealed))
    assert "Horse" not in str(refused.value)


def test_nothing_opens_where_nothing_was_sealed(azure: SandboxProcess, alice: User) -> None:
    operation = draft(alice, "web-02").operations.get()
    assert open_secret(operation, SecretField.ADMIN_PASSWORD, commitment=None) is None


def test_another_key_is_named_as_missing(sealed: ReimageOperation, settings: Any, tmp_path: Path) -> None:
    settings.SEALING_PRIVATE_KEY_FILE = write_key(tmp_path / "other.pem", X25519PrivateKey.generate())
    with pytest.raises(SealingKeyMissing, match="is not in our ring"):
        open_secret(sealed, SecretField.ADMIN_PASSWORD, commitment=commitment(sealed))
    with pytest.raises(SealingError, match="not the two halves"):
        sealing_keys.check_private_keys()


def test_a_key_file_of_another_kind_is_named(sealed: ReimageOperation, settings: Any, tmp_path: Path) -> None:
    settings.SEALING_PRIVATE_KEY_FILE = write_key(tmp_path / "signing.pem", Ed25519PrivateKey.generate())
    with pytest.raises(SealingKeyMissing, match="holds no X25519 key"):
        sealing_keys.check_private_keys()
    (tmp_path / "text.pem").write_text("not a key", encoding="utf-8")
    (tmp_path / "text.pem").chmod(0o400)
    settings.SEALING_PRIVATE_KEY_FILE = str(tmp_path / "text.pem")
    with pytest.raises(SealingKeyMissing, match="cannot be read"):
        sealing_keys.check_private_keys()


@pytest.mark.django_db
def test_the_two_halves_of_one_key_fit(sealing_key: X25519PrivateKey) -> None:
    sealing_keys.check_private_keys()


@pytest.mark.django_db
@pytest.mark.parametrize("text", ["", "not base64!", base64.b64encode(b"short").decode()])
def test_a_senseless_public_key_is_named(sealing_key: X25519PrivateKey, settings: Any, text: str) -> None:
    settings.SEALING_PUBLIC_KEY = text
    with pytest.raises(SealingError, match="SEALING_PUBLIC_KEY"):
        sealing_keys.check_private_keys()


def test_the_key_id_is_of_the_public_half(sealing_key: X25519PrivateKey) -> None:
    public = sealing_key.public_key()
    assert len(sealing_keys.key_id(public)) == 16
    assert sealing_keys.key_id(public) not in public.public_bytes(Encoding.Raw, PublicFormat.Raw).hex()


def test_a_committed_secret_does_not_show_itself() -> None:
    committed = secrets.commit(PASSWORD)
    assert PASSWORD not in f"{committed!r} {committed}"
    assert committed.nonce not in repr(committed)
