"""The keys that seal and open: one public key for the web process, a ring of private ones for the worker.

A sealed value names its key, so an old private key opens what was sealed for it until those rows are gone.
"""

import base64
import hashlib
import stat
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from django.conf import settings
from django.db.models import Count

from reimage.models import SealedSecret

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


def private_keys() -> dict[str, X25519PrivateKey]:
    """The ring, by key id: of one file, of several with commas between, or of every .pem file of a folder."""
    if not settings.SEALING_PRIVATE_KEY_FILE:
        raise SealingKeyMissing("SEALING_PRIVATE_KEY_FILE is not set: only the worker can open sealed values")
    keys = [_private_key(file) for file in _key_files(settings.SEALING_PRIVATE_KEY_FILE)]
    return {key_id(key.public_key()): key for key in keys}


def check_private_keys() -> None:
    """Raises SealingError unless this process can open what the web process seals, and sealing hides it."""
    ring, public = private_keys(), public_key()
    own = ring.get(key_id(public))
    if own is None:
        raise SealingError("SEALING_PRIVATE_KEY_FILE and SEALING_PUBLIC_KEY are not the two halves of one key")
    sealed = SUITE.encrypt(PROBE, public, info=b"probe")
    if PROBE in sealed or SUITE.decrypt(sealed, own, info=b"probe") != PROBE:
        raise SealingError("what was sealed as a probe is plaintext, or does not open")
    _refuse_plaintext()


def keys_in_use() -> dict[str, int]:
    """How many sealed values name each key."""
    counted = SealedSecret.objects.values_list("key_id").annotate(number=Count("pk")).order_by("key_id")
    return dict(counted)


def _refuse_plaintext() -> None:
    """What a faulty release stored unsealed would be text; ciphertext is longer than its own overhead, and none."""
    for stored in SealedSecret.objects.order_by("pk").iterator():
        content = bytes(stored.ciphertext)
        if len(content) <= OVERHEAD_BYTES or _is_text(content):
            what = f"the sealed {stored.field} of operation {stored.operation_id} is plaintext"
            raise SealingError(f"{what}: cancel or reject its request, which deletes it, and take it for known")


def _is_text(content: bytes) -> bool:
    """Of 49 random bytes, not one in a billion is valid UTF-8."""
    try:
        content.decode()
    except UnicodeDecodeError:
        return False
    return True


def _key_files(setting: str) -> list[Path]:
    files: list[Path] = []
    for item in filter(None, (part.strip() for part in setting.split(","))):
        path = Path(item)
        files += sorted(path.glob("*.pem")) if path.is_dir() else [path]
    if not files:
        raise SealingKeyMissing("SEALING_PRIVATE_KEY_FILE names a folder without a .pem file")
    return files


def _private_key(file: Path) -> X25519PrivateKey:
    try:
        others_may = file.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO)  # the group is the web process's too
        key = load_pem_private_key(file.read_bytes(), password=None)
    except (OSError, ValueError, TypeError) as err:
        raise SealingKeyMissing(f"SEALING_PRIVATE_KEY_FILE {file.name} cannot be read: {type(err).__name__}") from None
    if others_may:
        raise SealingKeyMissing(f"SEALING_PRIVATE_KEY_FILE {file.name} is open to others: chmod 0400")
    if not isinstance(key, X25519PrivateKey):
        raise SealingKeyMissing(f"SEALING_PRIVATE_KEY_FILE {file.name} holds no X25519 key")
    return key
