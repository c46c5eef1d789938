"""Keys that stay in a security module: what they compute is right, and every way to go without them is told."""

import copy
import threading
from pathlib import Path

import pkcs11
import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from pkcs11 import Attribute, KeyType, Mechanism, ObjectClass

from deploy.module_key import make_audit_key, make_sealing_key
from portal import key_module
from portal.key_module import KeyModuleError, ModuleExchangeKey, ModuleSigningKey, log_in
from portal.pkcs11_uri import KeyUri
from tests.softhsm import Token

URL = "https://reimage.example.com"
SUITE = Suite(KEM.X25519, KDF.HKDF_SHA256, AEAD.AES_256_GCM)


@pytest.fixture
def signing(token: Token) -> ModuleSigningKey:
    make_audit_key(token.place("audit"), URL)
    return ModuleSigningKey(token.place("audit"))


@pytest.fixture
def opening(token: Token) -> ModuleExchangeKey:
    key_module.log_out()  # the script that makes keys is a process of its own, and logs in for itself
    make_sealing_key(token.place("sealing"))
    return ModuleExchangeKey(token.place("sealing"))


@pytest.mark.asvs("V13.3.3")
def test_what_the_module_signs_is_its_public_halfs(signing: ModuleSigningKey) -> None:
    signing.public_key().verify(signing.sign(b"a checkpoint"), b"a checkpoint")


@pytest.mark.asvs("V13.3.3")
def test_the_module_opens_what_was_sealed_for_its_public_half(opening: ModuleExchangeKey) -> None:
    sealed = SUITE.encrypt(b"Correct-Horse-7", opening.public_key(), info=b"bound")
    assert SUITE.decrypt(sealed, opening, info=b"bound") == b"Correct-Horse-7"


@pytest.mark.asvs("V13.3.3")
def test_nothing_takes_the_key_out(signing: ModuleSigningKey, opening: ModuleExchangeKey, token: Token) -> None:
    for key in (signing, opening):
        with pytest.raises(KeyModuleError, match="never leaves its module"):
            key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        with pytest.raises(KeyModuleError, match="never leaves its module"):
            key.private_bytes_raw()
        assert copy.copy(key) is key
        assert copy.deepcopy(key) is key
    key_module.log_out()
    with log_in(token.place("audit")) as session:
        for stored in session.get_objects({Attribute.CLASS: ObjectClass.PRIVATE_KEY}):
            with pytest.raises(pkcs11.AttributeSensitive):
                stored[Attribute.VALUE]


@pytest.mark.asvs("V13.3.3")
@pytest.mark.parametrize("stays", [{Attribute.EXTRACTABLE: True}, {Attribute.SENSITIVE: False}])
def test_a_key_that_could_be_taken_out_is_refused(token: Token, stays: dict[Attribute, bool]) -> None:
    with log_in(token.place("loose"), writable=True) as session:
        params = {Attribute.EC_PARAMS: key_module.ED25519_PARAMS[0]}
        domain = session.create_domain_parameters(KeyType.EC_EDWARDS, params, local=True)
        template = {Attribute.SENSITIVE: True, Attribute.EXTRACTABLE: False} | stays
        domain.generate_keypair(
            mechanism=Mechanism.EC_EDWARDS_KEY_PAIR_GEN, store=True, label="loose", private_template=template
        )
    with pytest.raises(KeyModuleError, match="could be taken out of its module"):
        ModuleSigningKey(token.place("loose"))


def test_each_kind_of_key_is_taken_for_itself_alone(
    signing: ModuleSigningKey, opening: ModuleExchangeKey, token: Token
) -> None:
    with pytest.raises(KeyModuleError, match="another kind of key than X25519"):
        ModuleExchangeKey(token.place("audit"))
    with pytest.raises(KeyModuleError, match="another kind of key than Ed25519"):
        ModuleSigningKey(token.place("sealing"))


def test_what_is_missing_is_named(signing: ModuleSigningKey, token: Token) -> None:
    with pytest.raises(KeyModuleError, match=r"object=other.*the token holds no such key"):
        ModuleSigningKey(token.place("other"))
    key_module.log_out()
    with pytest.raises(KeyModuleError, match="0 tokens of this module are so named; exactly one must be"):
        ModuleSigningKey(KeyUri.parse(token.uri("audit").replace("token=portal", "token=elsewhere")))
    with pytest.raises(KeyModuleError, match=r"module-path=/nowhere/m\.so"):
        ModuleSigningKey(KeyUri.parse(token.uri("audit", **{"module-path": "/nowhere/m.so"})))


def test_a_name_that_two_tokens_have_is_no_name(signing: ModuleSigningKey, token: Token) -> None:
    token.make(token.label)
    token.restart()
    key_module.log_out()
    with pytest.raises(KeyModuleError, match="2 tokens of this module are so named"):
        ModuleSigningKey(token.place("audit"))


def test_a_wrong_pin_is_tried_once(signing: ModuleSigningKey, token: Token, monkeypatch: pytest.MonkeyPatch) -> None:
    right = token.pin_file.read_bytes()
    key_module.log_out()
    write(token.pin_file, b"0000")
    with pytest.raises(KeyModuleError, match="the PIN was refused") as refused:
        signing.sign(b"")
    assert "0000" not in str(refused.value).replace(str(token.folder), "")
    with pytest.raises(KeyModuleError, match="was refused, and is not tried again"):
        signing.sign(b"")
    write(token.pin_file, right)
    assert signing.sign(b"")


def test_a_pin_that_others_may_read_is_refused(signing: ModuleSigningKey, token: Token) -> None:
    key_module.log_out()
    token.pin_file.chmod(0o440)
    with pytest.raises(KeyModuleError, match=r"The PIN file .* is open to others: chmod 0400"):
        signing.sign(b"")


def test_a_session_that_ended_is_begun_anew(
    signing: ModuleSigningKey, opening: ModuleExchangeKey, token: Token
) -> None:
    token.restart()
    assert signing.sign(b"")
    token.restart()
    sealed = SUITE.encrypt(b"", opening.public_key(), info=b"")
    assert SUITE.decrypt(sealed, opening, info=b"") == b""


def test_nothing_is_left_in_the_session_of_what_was_opened(opening: ModuleExchangeKey, token: Token) -> None:
    for _ in range(3):
        opening.exchange(X25519PrivateKey.generate().public_key())
    session = key_module._session(token.place("sealing"))
    assert [*session.get_objects({Attribute.CLASS: ObjectClass.SECRET_KEY})] == []


def test_many_threads_share_a_module(signing: ModuleSigningKey, opening: ModuleExchangeKey) -> None:
    wrong: list[object] = []

    def work() -> None:
        for _ in range(20):
            peer = X25519PrivateKey.generate()
            signing.public_key().verify(signing.sign(b"x"), b"x")
            if opening.exchange(peer.public_key()) != peer.exchange(opening.public_key()):
                wrong.append(peer)

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


def write(file: Path, content: bytes) -> None:
    file.chmod(0o600)
    file.write_bytes(content)
    file.chmod(0o400)
