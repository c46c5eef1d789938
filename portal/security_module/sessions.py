"""Sessions at the tokens of security modules: one for each, kept while it lives, and nothing of it after a failure.

A process-wide lock lets one thread at a time use a module: their libraries differ in how many they bear.
"""

import hashlib
import os
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any, TypeVar

import pkcs11
from pkcs11 import Attribute, ObjectClass, TokenFlag
from pkcs11 import exceptions as refused

from portal.private_files import PrivateFileProblem, read_private_file
from portal.security_module.uri import KeyUri

Result = TypeVar("Result")
Name = tuple[object, ...]  # of a token, beginning with its library's path
FEW_TRIES = TokenFlag.USER_PIN_FINAL_TRY | TokenFlag.USER_PIN_LOCKED
WRONG_PIN = (refused.PinIncorrect, refused.PinInvalid, refused.PinLenRange, refused.PinExpired, refused.PinLocked)
_lock = threading.RLock()
_sessions: dict[Name, pkcs11.Session] = {}  # by slot: serial numbers are not everywhere a token's own
_wrong_pins: dict[Name, set[bytes]] = {}


class KeyModuleError(Exception):
    """The module, the token or the key cannot be used; the message says which, why and how to mend it."""


def use_key(place: KeyUri, use: Callable[[Any], Result]) -> Result:
    """What `use` makes of the private key. Raises KeyModuleError, whatever the module or its driver does.

    After a failure the library is closed: it may hold on to what was there before a token was pulled out or restarted.
    """
    with _lock:
        try:
            return use(find_object(_session(place), place, ObjectClass.PRIVATE_KEY))
        except KeyModuleError:
            log_out(place)
            raise
        except Exception as err:
            log_out(place)
            raise KeyModuleError(f"{place}: {reason(err)}.") from None


def find_object(session: pkcs11.Session, place: KeyUri, kind: ObjectClass, *, key_id: bytes = b"") -> Any:
    """The one of this kind. Raises KeyModuleError where the token holds none, or several."""
    wanted: dict[Attribute, Any] = {Attribute.CLASS: kind}
    if place.label is not None:
        wanted[Attribute.LABEL] = place.label
    if key_id or place.key_id is not None:
        wanted[Attribute.ID] = key_id or place.key_id
    found = list(session.get_objects(wanted))
    if len(found) != 1:
        what = "private key" if kind is ObjectClass.PRIVATE_KEY else "public half beside it"
        raise KeyModuleError(f"{place}: the token holds {len(found)} of this name as {what}; exactly one must be.")
    return found[0]


def log_in(place: KeyUri, *, writable: bool = False) -> pkcs11.Session:
    """A session of one's own. Raises KeyModuleError, PKCS11Error, and OSError for a missing library.

    A PIN that was refused is not sent again, nor any when the token has one try left: it would lock itself.
    """
    token, pin = _find_token(place), _pin(place)
    name = (_library(place), token.serial, token.label)
    digest = hashlib.sha256(pin.encode()).digest()
    if digest in _wrong_pins.get(name, ()):
        raise KeyModuleError(
            f"{place}: the PIN in {place.pin_file} was refused, and is not tried again. Put the right one there; or "
            "restart this process, if the token's own was changed to it."
        )
    if token.flags & FEW_TRIES:
        raise KeyModuleError(
            f"{place}: wrong PINs have locked the token, or the next would. Unlock it by its own tool."
        )
    try:
        return _open(token, pin, writable=writable)
    except WRONG_PIN:
        _wrong_pins.setdefault(name, set()).add(digest)
        raise


def _open(token: pkcs11.Token, pin: str, *, writable: bool) -> pkcs11.Session:
    return token.open(user_pin=pin, rw=writable)


def was_a_pin_refused() -> bool:
    """Whether a module did so in this process."""
    return any(_wrong_pins.values())


def log_out(place: KeyUri | None = None) -> None:
    """Closes the library of this key, or all: their sessions end, and the next use begins anew."""
    modules = {_library(place)} if place else {str(module) for module, *_ in _sessions}
    for module in modules:
        with suppress(refused.PKCS11Error, OSError):
            pkcs11.lib(module).finalize()
    for name in [name for name in _sessions if name[0] in modules]:
        del _sessions[name]


def reason(err: Exception) -> str:
    """Python-pkcs11's errors say all by their names. Of other errors the text may hold anything, so it is left out."""
    if isinstance(err, refused.PinIncorrect):
        return "the PIN was refused"
    if "already initialized" in str(err):
        return "its library would not close: restart this process"
    if isinstance(err, refused.PKCS11Error | OSError):
        return f"{type(err).__name__} {err}".strip().rstrip(".")
    return type(err).__name__


def _session(place: KeyUri) -> pkcs11.Session:
    """Kept, as logging in for every use would fill the module's own log."""
    name = (_library(place), _find_token(place).slot.slot_id)
    if name in _sessions and not _is_alive(_sessions[name]):
        log_out(place)  # its module was restarted, or this process is a fork of the one that opened it
    if name not in _sessions:
        _sessions[name] = log_in(place)
    return _sessions[name]


def _is_alive(session: pkcs11.Session) -> bool:
    """Asked by what leaves nothing open: of a search that a dead session refuses, python-pkcs11 complains later."""
    try:
        session.generate_random(8)
    except (refused.RandomNoRNG, refused.FunctionNotSupported):
        return True
    except refused.PKCS11Error:
        return False
    return True


def _find_token(place: KeyUri) -> pkcs11.Token:
    wanted = dict(place.token).items()
    found, broken = [], None
    for slot in pkcs11.lib(_library(place)).get_slots(token_present=True):
        try:
            token = slot.get_token()
        except refused.PKCS11Error as err:  # somebody else's slot, as long as ours is there
            broken = err
            continue
        if wanted <= _description(token).items():
            found.append(token)
    if broken and not found:
        raise broken
    if len(found) != 1:
        raise KeyModuleError(f"{place}: {len(found)} tokens of this module are so named; exactly one must be.")
    return found[0]


def _description(token: pkcs11.Token) -> dict[str, str]:
    """By the names of RFC 7512."""
    serial = token.serial.decode(errors="replace").strip()
    return {"token": token.label, "serial": serial, "manufacturer": token.manufacturer_id, "model": token.model}


def _library(place: KeyUri) -> str:
    """One name, however it is spelled: a library that is loaded twice refuses the second."""
    return os.path.realpath(place.module)


def _pin(place: KeyUri) -> str:
    try:
        pin = read_private_file(place.pin_file).strip().decode()
    except PrivateFileProblem as err:
        raise KeyModuleError(f"The PIN file {place.pin_file} {err}.") from None
    except UnicodeDecodeError:
        raise KeyModuleError(f"The PIN file {place.pin_file} is no text in UTF-8.") from None
    if not pin:
        raise KeyModuleError(f"The PIN file {place.pin_file} is empty.")
    return pin


def _new_lock() -> None:
    """A child that was forked while another thread held the lock would wait for a thread that it does not have."""
    global _lock
    _lock = threading.RLock()


os.register_at_fork(after_in_child=_new_lock)
