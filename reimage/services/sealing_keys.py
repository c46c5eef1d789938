"""The keys that seal and open: one public key for the web process, a ring of private ones for the worker.

A sealed value names its key, so an old private key opens what was sealed for it until those rows are gone.
"""

import base64
import hashlib
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from django.conf import settings
from django.db.models import Count

from portal.private_files import PrivateFileProblem, read_private_file
from portal.security_module.keys import ModuleExchangeKey
from portal.security_module.sessions import KeyModuleError
from portal.security_module.uri import KeyUri, KeyUriError, is_key_uri
from reimage.models import PasswordView, SealedSecret

SUITE = Suite(KEM.X25519, KDF.HKDF_SHA256, AEAD.AES_256_GCM)
OVERHEAD_BYTES = 32 + 16  # the encapsulated key and AES-GCM's tag
PROBE = b"a start-up probe that must not be found in what is sealed"


class SealingError(Exception):
    """A key is missing or does not fit, or a sealed value was altered. Never holds a value."""


class SealingKeyMissing(SealingError):
    """This process has no private key, or not the one it was sealed for: an administrator can mend that."""


def key_id(public_key: X25519PublicKey) -> str:
    """The first 16 hexadecimal digits of the public key's SHA-256."""
    return hashlib.sha256(public_key.public_bytes_raw()).hexdigest()[:16]


def public_key() -> X25519PublicKey:
    """What new values are sealed for."""
    try:
        return X25519PublicKey.from_public_bytes(base64.b64decode(settings.SEALING_PUBLIC_KEY, validate=True))
    except ValueError as err:
        raise SealingError("SEALING_PUBLIC_KEY is not the base64 of an X25519 public key") from err


def private_key(name: str) -> X25519PrivateKey:
    """The ring's key of this id. One that cannot be read keeps nobody from the others. Raises SealingKeyMissing."""
    troubles = []
    for place in _places():
        try:
            key = _private_key(place)
        except SealingKeyMissing as err:
            troubles.append(str(err))
            continue
        if key_id(key.public_key()) == name:
            return key
    raise SealingKeyMissing("; ".join([f"key {name} is not in our ring", *troubles]))


def private_keys() -> dict[str, X25519PrivateKey]:
    """The ring, by key id: of files and security modules' keys, with commas between, or of a folder's .pem files."""
    keys = [_private_key(place) for place in _places()]
    return {key_id(key.public_key()): key for key in keys}


def open_sealed(ciphertext: bytes, key: X25519PrivateKey, *, info: bytes, name: str) -> bytes:
    """The plaintext. Raises SealingError for what does not open, SealingKeyMissing where the key's module fails."""
    try:
        return SUITE.decrypt(ciphertext, key, info=info)
    except (InvalidTag, ValueError):
        if isinstance(key, ModuleExchangeKey):
            _tell_from_a_failure(key)
        raise SealingError(f"{name} does not open") from None


def _tell_from_a_failure(key: ModuleExchangeKey) -> None:
    """Raises SealingKeyMissing where it was the module that failed: that can be mended, and is waited for."""
    try:
        if key.failure:
            raise key.failure
        key.prove()
    except KeyModuleError as err:
        raise SealingKeyMissing(f"SEALING_PRIVATE_KEY_FILE cannot be used: {err}") from None


def check_private_keys() -> None:
    """Raises SealingError unless this process can open what the web process seals, and sealing hides it."""
    ring, public = private_keys(), public_key()
    own = ring.get(key_id(public))
    if own is None:
        raise SealingError("SEALING_PRIVATE_KEY_FILE and SEALING_PUBLIC_KEY are not the two halves of one key")
    sealed = SUITE.encrypt(PROBE, public, info=b"probe")
    if PROBE in sealed or open_sealed(sealed, own, info=b"probe", name="what was sealed as a probe") != PROBE:
        raise SealingError("what was sealed as a probe is plaintext, or opens as something else")
    _refuse_plaintext()


def keys_in_use() -> dict[str, int]:
    """How many sealed values name each key."""
    counted = SealedSecret.objects.values_list("key_id").annotate(number=Count("pk")).order_by("key_id")
    return dict(counted)


def _refuse_plaintext() -> None:
    """Wherever a faulty release could have stored something unsealed."""
    for stored in SealedSecret.objects.order_by("pk").iterator():
        if _is_plaintext(bytes(stored.ciphertext)):
            what = f"the sealed {stored.field} of operation {stored.operation_id} is plaintext"
            raise SealingError(f"{what}: cancel or reject its request, which deletes it, and take it for known")
    answered = PasswordView.objects.filter(ciphertext__isnull=False).order_by("pk")
    for operation_id, ciphertext in answered.values_list("operation_id", "ciphertext").iterator():
        if _is_plaintext(bytes(ciphertext or b"")):
            what = f"the generated password of operation {operation_id}, as its requester is to see it, is plaintext"
            raise SealingError(f"{what}: delete its row of reimage_passwordview, and change it on the machine")


def _is_plaintext(content: bytes) -> bool:
    """It would be text; ciphertext is longer than its own overhead, and of 49 random bytes not one in a billion is
    valid UTF-8."""
    if len(content) <= OVERHEAD_BYTES:
        return True
    try:
        content.decode()
    except UnicodeDecodeError:
        return False
    return True


def _places() -> list[str]:
    """Files and URIs; a folder stands for its .pem files."""
    if not settings.SEALING_PRIVATE_KEY_FILE:
        raise SealingKeyMissing("SEALING_PRIVATE_KEY_FILE is not set: only the worker can open sealed values")
    places: list[str] = []
    for item in filter(None, (part.strip() for part in settings.SEALING_PRIVATE_KEY_FILE.split(","))):
        path = Path(item)
        places += map(str, sorted(path.glob("*.pem"))) if not is_key_uri(item) and path.is_dir() else [item]
    if not places:
        raise SealingKeyMissing("SEALING_PRIVATE_KEY_FILE names a folder without a .pem file")
    return places


def _private_key(place: str) -> X25519PrivateKey:
    name = place if is_key_uri(place) else Path(place).name
    try:
        key = ModuleExchangeKey(KeyUri.parse(place)) if is_key_uri(place) else _key_of_file(Path(place))
    except (KeyUriError, KeyModuleError) as err:
        raise SealingKeyMissing(f"SEALING_PRIVATE_KEY_FILE cannot be used: {err}") from None
    except PrivateFileProblem as err:
        raise SealingKeyMissing(f"SEALING_PRIVATE_KEY_FILE {name} {err}") from None
    if not isinstance(key, X25519PrivateKey):
        raise SealingKeyMissing(f"SEALING_PRIVATE_KEY_FILE {name} holds no X25519 key")
    return key


def _key_of_file(file: Path) -> object:
    content = read_private_file(file)
    try:
        return load_pem_private_key(content, password=None)
    except (ValueError, TypeError) as err:
        raise PrivateFileProblem(f"cannot be read: {type(err).__name__}") from None
