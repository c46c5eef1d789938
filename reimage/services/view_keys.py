"""The key of one look at a generated password. Its private half is in the requester's browser and nowhere else."""

import hashlib

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey

from reimage.models import ReimageOperation
from reimage.services.sealing_keys import SUITE, SealingError, open_sealed
from reimage.services.secrets import binding

PURPOSE = "password_view"


def new_private_key() -> bytes:
    """X25519, raw."""
    return X25519PrivateKey.generate().private_bytes_raw()


def public_half(private_key: bytes) -> bytes:
    """Raises SealingError for what is no key."""
    return _loaded(private_key).public_key().public_bytes_raw()


def view_key_sha256(public_key: bytes) -> str:
    """How the audit log names the browser that asked."""
    return hashlib.sha256(public_key).hexdigest()


def seal_for_view(password: str, public_key: bytes, operation: ReimageOperation) -> bytes:
    """What only the browser that asked can open, and only as this operation's password."""
    recipient = X25519PublicKey.from_public_bytes(public_key)
    return SUITE.encrypt(password.encode(), recipient, info=binding(operation, operation.reimage_request, PURPOSE))


def open_view(ciphertext: bytes, private_key: bytes, operation: ReimageOperation) -> str:
    """The password. Raises SealingError for another browser's key, and a ciphertext of another operation or damaged."""
    info = binding(operation, operation.reimage_request, PURPOSE)
    name = f"the view of operation {operation.pk}"
    try:
        return open_sealed(ciphertext, _loaded(private_key), info=info, name=name).decode()
    except UnicodeDecodeError:  # anybody can seal for a public key
        raise SealingError(f"{name} is no text") from None


def _loaded(private_key: bytes) -> X25519PrivateKey:
    try:
        return X25519PrivateKey.from_private_bytes(private_key)
    except ValueError:
        raise SealingError("this is no key of a view") from None
