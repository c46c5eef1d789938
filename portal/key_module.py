"""Private keys that never leave a security module: reached by PKCS#11, named by a URI where a key file could stand.

The module computes signatures, and the Diffie-Hellman value that opens one sealed text; the key stays inside.
"""

import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any, NoReturn, TypeVar

import pkcs11
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from pkcs11 import Attribute, KeyType, Mechanism, ObjectClass
from pkcs11.exceptions import MultipleObjectsReturned, NoSuchKey, PinIncorrect, PinLocked, PKCS11Error, RandomNoRNG

from portal.pkcs11_uri import KeyUri
from portal.private_files import PrivateFileProblem, read_private_file

# EC_PARAMS as an object identifier (RFC 8410) or as the name of the curve (PKCS#11 3.0, 2.3.10).
ED25519_PARAMS = (bytes.fromhex("06032b6570"), b"\x13\x0cedwards25519")
X25519_PARAMS = (bytes.fromhex("06032b656e"), b"\x13\x0acurve25519")
KNOWN_REASONS: dict[type[Exception], str] = {
    NoSuchKey: "the token holds no such key, or no public half beside it",
    MultipleObjectsReturned: "the token holds several such keys: name one by object and id",
    PinIncorrect: "the PIN was refused",
    PinLocked: "too many wrong PINs have locked the token",
}
_POINT_BYTES = 32
_OCTET_STRING = b"\x04\x20"

Result = TypeVar("Result")
_lock = threading.RLock()
_sessions: dict[tuple[object, ...], pkcs11.Session] = {}
_refused_pins: dict[tuple[object, ...], bytes] = {}


class KeyModuleError(Exception):
    """The module, the token or the key cannot be used; the message says which, why and how to mend it."""


class ModuleSigningKey(Ed25519PrivateKey):
    """Signs within the module. Raises KeyModuleError, also when it is made."""

    def __init__(self, place: KeyUri) -> None:
        self._place = place
        self._public = Ed25519PublicKey.from_public_bytes(_public_bytes(place, ED25519_PARAMS, "Ed25519"))

    def sign(self, data: Any) -> bytes:
        return _with_key(self._place, lambda key: bytes(key.sign(bytes(data), mechanism=Mechanism.EDDSA)))

    def public_key(self) -> Ed25519PublicKey:
        return self._public

    def private_bytes(self, *_: Any, **__: Any) -> NoReturn:
        _stays_inside(self._place)

    private_bytes_raw = private_bytes

    def __copy__(self) -> "ModuleSigningKey":
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> "ModuleSigningKey":
        return self


class ModuleExchangeKey(X25519PrivateKey):
    """Agrees on a secret within the module, as HPKE asks. Raises KeyModuleError, also when it is made.

    HPKE takes any error for a text that does not fit its key: `failure` tells a module that failed from that.
    """

    def __init__(self, place: KeyUri) -> None:
        self._place = place
        self.failure: KeyModuleError | None = None
        self._public = X25519PublicKey.from_public_bytes(_public_bytes(place, X25519_PARAMS, "X25519"))

    def exchange(self, peer_public_key: X25519PublicKey) -> bytes:
        self.failure = None
        try:
            return _with_key(self._place, lambda key: _agreed(key, peer_public_key.public_bytes_raw()))
        except KeyModuleError as err:
            self.failure = err
            raise

    def public_key(self) -> X25519PublicKey:
        return self._public

    def private_bytes(self, *_: Any, **__: Any) -> NoReturn:
        _stays_inside(self._place)

    private_bytes_raw = private_bytes

    def __copy__(self) -> "ModuleExchangeKey":
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> "ModuleExchangeKey":
        return self


def _stays_inside(place: KeyUri) -> NoReturn:
    raise KeyModuleError(f"{place} never leaves its module.")


def _agreed(key: Any, peer: bytes) -> bytes:
    """X25519's value for one sealed text, which is all that comes out."""
    parameters = (pkcs11.KDF.NULL, None, peer)
    template = {Attribute.SENSITIVE: False, Attribute.EXTRACTABLE: True, Attribute.TOKEN: False}
    agreed = key.derive_key(
        KeyType.GENERIC_SECRET,
        _POINT_BYTES * 8,
        mechanism=Mechanism.ECDH1_DERIVE,
        mechanism_param=parameters,
        template=template,
    )
    try:
        return bytes(agreed[Attribute.VALUE])
    finally:
        agreed.destroy()  # the session is kept, and so would be its objects


def _public_bytes(place: KeyUri, params: tuple[bytes, ...], kind: str) -> bytes:
    def read(private_key: Any) -> bytes:
        if private_key[Attribute.EXTRACTABLE] or not private_key[Attribute.SENSITIVE]:
            raise KeyModuleError(f"{place} could be taken out of its module: make one that never leaves it.")
        public_key = _object(private_key.session, place, ObjectClass.PUBLIC_KEY)
        if bytes(public_key[Attribute.EC_PARAMS]) not in params:
            raise KeyModuleError(f"{place} is another kind of key than {kind}.")
        return bytes(public_key[Attribute.EC_POINT]).removeprefix(_OCTET_STRING)

    return _with_key(place, read)


def _with_key(place: KeyUri, use: Callable[[Any], Result]) -> Result:
    """One at a time."""
    with _lock:
        try:
            return use(_object(_session(place), place, ObjectClass.PRIVATE_KEY))
        except (PKCS11Error, OSError) as err:
            log_out()
            raise KeyModuleError(f"{place}: {_reason(err)}.") from None


def _object(session: pkcs11.Session, place: KeyUri, kind: ObjectClass) -> Any:
    return session.get_key(object_class=kind, label=place.label, id=place.key_id)


def _session(place: KeyUri) -> pkcs11.Session:
    """Kept while it lives: logging in anew for every use would fill the module's own log."""
    name = _token(place)
    if name in _sessions and not _is_alive(_sessions[name]):
        log_out()  # its module was restarted, or this process is a fork of the one that opened it
    if name not in _sessions:
        _sessions[name] = log_in(place)
    return _sessions[name]


def _is_alive(session: pkcs11.Session) -> bool:
    """Asked by what leaves nothing open: of a search that a dead session refuses, python-pkcs11 complains later."""
    try:
        session.generate_random(8)
    except RandomNoRNG:
        return True
    except PKCS11Error:
        return False
    return True


def log_in(place: KeyUri, *, writable: bool = False) -> pkcs11.Session:
    """A session of one's own at the token. Raises KeyModuleError, PKCS11Error, and OSError for a missing library."""
    token, pin = _find_token(place), _pin(place)
    try:
        return token.open(user_pin=pin.decode(), rw=writable)
    except PinIncorrect:
        _refused_pins[_token(place)] = pin
        raise


def _find_token(place: KeyUri) -> pkcs11.Token:
    wanted = dict(place.token)
    found = [token for token in pkcs11.lib(place.module).get_tokens() if wanted.items() <= _description(token).items()]
    if len(found) != 1:
        raise KeyModuleError(f"{place}: {len(found)} tokens of this module are so named; exactly one must be.")
    return found[0]


def _description(token: pkcs11.Token) -> dict[str, str]:
    """By the names of RFC 7512."""
    serial = token.serial.decode().strip()
    return {"token": token.label, "serial": serial, "manufacturer": token.manufacturer_id, "model": token.model}


def _pin(place: KeyUri) -> bytes:
    """A wrong one is not tried again until the file holds another: after a few of them a token locks itself."""
    try:
        pin = read_private_file(place.pin_file).strip()
    except PrivateFileProblem as err:
        raise KeyModuleError(f"The PIN file {place.pin_file} {err}.") from None
    if _refused_pins.get(_token(place)) == pin:
        raise KeyModuleError(f"{place}: the PIN in {place.pin_file} was refused, and is not tried again.")
    return pin


def _token(place: KeyUri) -> tuple[object, ...]:
    return (place.module, *place.token)


def log_out() -> None:
    """Ends every kept session; the next use of a key begins a new one."""
    for module in {str(module) for module, *_ in _sessions}:
        with suppress(PKCS11Error):
            pkcs11.lib(module).finalize()
    _sessions.clear()


def _reason(err: Exception) -> str:
    """Python-pkcs11's errors say all by their names, and seldom have a text."""
    return KNOWN_REASONS.get(type(err)) or f"{type(err).__name__} {err}".strip()
