"""Keys that stay in a security module: what they compute is right, and every way to go without them is told."""

import copy
import os
import threading
from types import SimpleNamespace
from typing import Any

import pkcs11
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from pkcs11 import Attribute, KeyType, Mechanism, ObjectClass

from deploy.module_key import make_audit_key, make_sealing_key
from portal.security_module import keys, sessions
from portal.security_module.keys import ModuleExchangeKey, ModuleSigningKey
from portal.security_module.sessions import KeyModuleError, log_in
from portal.security_module.uri import KeyUri
from tests.softhsm import Token

URL = "https://reimage.example.com"
SUITE = Suite(KEM.X25519, KDF.HKDF_SHA256, AEAD.AES_256_GCM)


@pytest.fixture
def signing(token: Token) -> ModuleSigningKey:
    make_audit_key(token.place("audit"), URL)
    return ModuleSigningKey(token.place("audit"))


@pytest.fixture
def opening(token: Token) -> ModuleExchangeKey:
    sessions.log_out()  # the script that makes keys is a process of its own, and logs in for itself
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
    sessions.log_out()
    with log_in(token.place("audit")) as session:
        for stored in session.get_objects({Attribute.CLASS: ObjectClass.PRIVATE_KEY}):
            with pytest.raises(pkcs11.AttributeSensitive):
                stored[Attribute.VALUE]


@pytest.mark.asvs("V13.3.3")
@pytest.mark.parametrize("stays", [{Attribute.EXTRACTABLE: True}, {Attribute.SENSITIVE: False}])
def test_a_key_that_could_be_taken_out_is_refused(token: Token, stays: dict[Attribute, bool]) -> None:
    with log_in(token.place("loose"), writable=True) as session:
        params = {Attribute.EC_PARAMS: keys.ED25519_PARAMS[0]}
        domain = session.create_domain_parameters(KeyType.EC_EDWARDS, params, local=True)
        template = {Attribute.SENSITIVE: True, Attribute.EXTRACTABLE: False} | stays
        domain.generate_keypair(
            mechanism=Mechanism.EC_EDWARDS_KEY_PAIR_GEN, store=True, label="loose", private_template=template
        )
    with pytest.raises(KeyModuleError, match="was, or could be, outside of its module"):
        ModuleSigningKey(token.place("loose"))


def test_a_key_that_needs_no_pin_is_refused(token: Token) -> None:
    with pkcs11.lib(token.module).get_token(token_label=token.label).open(rw=True) as session:
        params = {Attribute.EC_PARAMS: keys.ED25519_PARAMS[0]}
        domain = session.create_domain_parameters(KeyType.EC_EDWARDS, params, local=True)
        template = {Attribute.PRIVATE: False, Attribute.SENSITIVE: True, Attribute.EXTRACTABLE: False}
        domain.generate_keypair(
            mechanism=Mechanism.EC_EDWARDS_KEY_PAIR_GEN, store=True, label="open", private_template=template
        )
    with pytest.raises(KeyModuleError, match="is there for anybody, without a PIN"):
        ModuleSigningKey(token.place("open"))


class BrokenSlot:
    def get_token(self) -> pkcs11.Token:
        raise pkcs11.DeviceError


def test_somebody_elses_broken_slot_is_passed_over_and_told_where_ours_is_not_there(
    signing: ModuleSigningKey, token: Token, monkeypatch: pytest.MonkeyPatch
) -> None:
    library = pkcs11.lib(token.module)
    slots = [BrokenSlot(), *library.get_slots(token_present=True)]
    monkeypatch.setattr(
        pkcs11, "lib", lambda _: SimpleNamespace(get_slots=lambda **_: slots, finalize=library.finalize)
    )
    assert signing.sign(b"")
    del slots[1:]
    with pytest.raises(KeyModuleError, match="DeviceError"):
        signing.sign(b"")


def test_each_kind_of_key_is_taken_for_itself_alone(
    signing: ModuleSigningKey, opening: ModuleExchangeKey, token: Token
) -> None:
    with pytest.raises(KeyModuleError, match="another kind of key than X25519"):
        ModuleExchangeKey(token.place("audit"))
    with pytest.raises(KeyModuleError, match="another kind of key than Ed25519"):
        ModuleSigningKey(token.place("sealing"))


def test_what_is_missing_is_named(signing: ModuleSigningKey, token: Token) -> None:
    with pytest.raises(KeyModuleError, match=r"object=other.*the token holds 0 of this name as private key"):
        ModuleSigningKey(token.place("other"))
    with pytest.raises(KeyModuleError, match="0 tokens of this module are so named; exactly one must be"):
        ModuleSigningKey(KeyUri.parse(token.uri("audit").replace("token=portal", "token=elsewhere")))
    with pytest.raises(KeyModuleError, match=r"module-path=/nowhere/m\.so"):
        ModuleSigningKey(KeyUri.parse(token.uri("audit", **{"module-path": "/nowhere/m.so"})))
    assert signing.sign(b"")


def test_a_name_that_two_tokens_have_is_no_name(signing: ModuleSigningKey, token: Token) -> None:
    token.make(token.label)
    token.restart()
    with pytest.raises(KeyModuleError, match="2 tokens of this module are so named"):
        ModuleSigningKey(token.place("audit"))


def test_a_token_that_comes_back_is_found_again(signing: ModuleSigningKey, token: Token) -> None:
    token.take_away()
    for _ in range(2):
        with pytest.raises(KeyModuleError, match="0 tokens of this module"):
            signing.sign(b"")
    token.bring_back()
    assert signing.sign(b"")


def test_one_token_by_two_addresses_is_one(signing: ModuleSigningKey, opening: ModuleExchangeKey, token: Token) -> None:
    library = token.folder / "another-name.so"
    library.symlink_to(token.module)
    serial = pkcs11.lib(token.module).get_token(token_label=token.label).serial.decode().strip()
    address = token.uri("sealing", **{"module-path": str(library)}).replace("token=portal", f"serial={serial}")
    assert signing.sign(b"")
    assert ModuleExchangeKey(KeyUri.parse(address)).public_key() == opening.public_key()
    assert signing.sign(b"")


@pytest.mark.asvs("V13.3.3")
def test_another_public_half_beside_the_key_is_found_out(
    signing: ModuleSigningKey, opening: ModuleExchangeKey, token: Token
) -> None:
    """Whoever can write to the token needs no PIN for that."""
    sessions.log_out()
    foreign: dict[str, Any] = {"audit": Ed25519PrivateKey.generate(), "sealing": X25519PrivateKey.generate()}
    with pkcs11.lib(token.module).get_token(token_label=token.label).open(rw=True) as session:
        for name, key in foreign.items():
            for public in list(session.get_objects({Attribute.CLASS: ObjectClass.PUBLIC_KEY, Attribute.LABEL: name})):
                there = {kind: public[kind] for kind in (Attribute.EC_PARAMS, Attribute.ID)}
                public.destroy()
                point = b"\x04\x20" + key.public_key().public_bytes_raw()
                kept = {Attribute.TOKEN: True, Attribute.PRIVATE: False, Attribute.LABEL: name}
                kind = {Attribute.CLASS: ObjectClass.PUBLIC_KEY, Attribute.KEY_TYPE: KeyType.EC_EDWARDS}
                session.create_object(kind | kept | there | {Attribute.EC_POINT: point})
    token.restart()
    with pytest.raises(KeyModuleError, match="does not fit the public half beside the key"):
        ModuleSigningKey(token.place("audit"))
    with pytest.raises(KeyModuleError, match="does not fit the public half beside the key"):
        ModuleExchangeKey(token.place("sealing"))


def test_a_signature_that_is_wrong_is_never_given(signing: ModuleSigningKey, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keys, "use_key", lambda *_: bytes(64))
    with pytest.raises(KeyModuleError, match="does not fit the public half"):
        signing.sign(b"")


@pytest.mark.parametrize("point", [b"", b"\x04\x20", bytes(31), bytes(57)])
def test_a_public_half_that_is_no_key_is_named(
    signing: ModuleSigningKey, token: Token, point: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    public = {Attribute.EC_PARAMS: keys.ED25519_PARAMS[0], Attribute.EC_POINT: point}
    monkeypatch.setattr(keys, "find_object", lambda *_, **__: public)
    with pytest.raises(KeyModuleError, match="its public half is no key"):
        ModuleSigningKey(token.place("audit"))


@pytest.mark.parametrize("mishap", [AttributeError("canary"), MemoryError(), ValueError("canary"), OSError(5, "gone")])
def test_whatever_goes_wrong_within_a_module_is_told_as_that(
    opening: ModuleExchangeKey, monkeypatch: pytest.MonkeyPatch, mishap: Exception
) -> None:
    def fail(*_: object) -> bytes:
        raise mishap

    monkeypatch.setattr(keys, "_agreed", fail)
    with pytest.raises(KeyModuleError, match=type(mishap).__name__) as told:
        opening.exchange(X25519PrivateKey.generate().public_key())
    assert opening.failure is told.value
    assert "canary" not in str(told.value)


def test_an_interruption_counts_as_no_answer(opening: ModuleExchangeKey, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> bytes:
        raise KeyboardInterrupt

    monkeypatch.setattr(keys, "_agreed", fail)
    with pytest.raises(KeyboardInterrupt):
        opening.exchange(X25519PrivateKey.generate().public_key())
    assert "gave no answer" in str(opening.failure)


@pytest.mark.parametrize("point", [bytes(32), b"\x01" + bytes(31)])
def test_a_hostile_point_is_no_failure_of_the_module(opening: ModuleExchangeKey, point: bytes) -> None:
    with pytest.raises(ValueError, match="shared key"):
        opening.exchange(X25519PublicKey.from_public_bytes(point))
    assert opening.failure is None


def test_a_forked_process_uses_the_module_too(signing: ModuleSigningKey) -> None:
    """Also where another thread of its parent was at it: that thread, and its lock, are not in the child."""
    with sessions._lock:
        thread = threading.Thread(target=signing.sign, args=(b"",))
        thread.start()
        child = os.fork()
        if child == 0:
            os._exit(0 if signing.sign(b"") else 1)
    thread.join()
    assert os.waitpid(child, 0)[1] == 0


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
    session = sessions._session(token.place("sealing"))
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
