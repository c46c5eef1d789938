"""Seals, opens and destroys passwords and customData. HPKE: the web process has the public key alone.

Plaintext leaves this module only towards the request body. https://www.rfc-editor.org/rfc/rfc9180
"""

import base64
import hashlib
import json
import secrets as randomness
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key
from django.conf import settings

from reimage.models import ReimageOperation, ReimageRequest, SealedSecret, SecretField

SUITE = Suite(KEM.X25519, KDF.HKDF_SHA256, AEAD.AES_256_GCM)
NONCE_BYTES = 32


class SealingError(Exception):
    """A key is missing or does not fit, or a sealed value was altered. Never holds a value."""


class SealingKeyMissing(SealingError):
    """This process has no private key, or not the one it was sealed for: an administrator can mend that."""


@dataclass(frozen=True, slots=True)
class Committed:
    """A secret on its way to being sealed. The commitment binds the plan to it and can be published."""

    value: str
    nonce: str
    commitment: str

    def __repr__(self) -> str:
        return f"Committed(commitment={self.commitment!r})"


def commit(value: str) -> Committed:
    """SHA-256 over 32 random bytes and the value: cannot be guessed at, because the nonce stays sealed."""
    nonce = randomness.token_hex(NONCE_BYTES)
    return Committed(value, nonce, _commitment(nonce, value))


def seal(
    secret: Committed,
    *,
    operation: ReimageOperation,
    reimage_request: ReimageRequest,
    field: SecretField,
    now: datetime,
) -> None:
    """Stores the secret for one operation and field."""
    public_key = _public_key()
    plaintext = json.dumps({"nonce": secret.nonce, "value": secret.value}).encode()
    ciphertext = SUITE.encrypt(plaintext, public_key, info=_binding(operation, reimage_request, field))
    SealedSecret.objects.create(
        operation=operation, field=field, key_id=key_id(public_key), ciphertext=ciphertext, sealed_at=now
    )


def open_secret(operation: ReimageOperation, field: SecretField, *, commitment: str | None) -> str | None:
    """The value, None where none was sealed. Raises SealingError if it is not what was approved."""
    sealed = operation.sealed_secrets.filter(field=field).first()
    if sealed is None:
        return None
    private_key = _private_key()
    if key_id(private_key.public_key()) != sealed.key_id:
        raise SealingKeyMissing(
            f"the {field} of operation {operation.pk} was sealed for key {sealed.key_id}, not for ours"
        )
    try:
        plaintext = SUITE.decrypt(
            bytes(sealed.ciphertext), private_key, info=_binding(operation, operation.reimage_request, field)
        )
    except (InvalidTag, ValueError):
        raise SealingError(f"the sealed {field} of operation {operation.pk} does not open") from None
    content = json.loads(plaintext)
    if commitment is not None and _commitment(content["nonce"], content["value"]) != commitment:
        raise SealingError(f"the sealed {field} of operation {operation.pk} is not the approved one")
    return str(content["value"])


def destroy_secrets(*operation_ids: int) -> None:
    """Deletes the ciphertext; SQLite overwrites it (secure_delete)."""
    SealedSecret.objects.filter(operation_id__in=operation_ids).delete()


def key_id(public_key: X25519PublicKey) -> str:
    """The first 16 hexadecimal digits of the public key's SHA-256."""
    raw = public_key.public_bytes(Encoding.Raw, PublicFormat.Raw)
    return hashlib.sha256(raw).hexdigest()[:16]


def check_private_key() -> None:
    """Raises SealingError unless this process can open what the web process seals."""
    if key_id(_private_key().public_key()) != key_id(_public_key()):
        raise SealingError("SEALING_PRIVATE_KEY_FILE and SEALING_PUBLIC_KEY are not the two halves of one key")


def _public_key() -> X25519PublicKey:
    try:
        return X25519PublicKey.from_public_bytes(base64.b64decode(settings.SEALING_PUBLIC_KEY, validate=True))
    except ValueError as err:
        raise SealingError("SEALING_PUBLIC_KEY is not the base64 of an X25519 public key") from err


def _private_key() -> X25519PrivateKey:
    if not settings.SEALING_PRIVATE_KEY_FILE:
        raise SealingKeyMissing("SEALING_PRIVATE_KEY_FILE is not set: only the worker can open sealed values")
    try:
        key = load_pem_private_key(Path(settings.SEALING_PRIVATE_KEY_FILE).read_bytes(), password=None)
    except (OSError, ValueError, TypeError) as err:
        raise SealingKeyMissing(f"SEALING_PRIVATE_KEY_FILE cannot be read: {type(err).__name__}") from None
    if not isinstance(key, X25519PrivateKey):
        raise SealingKeyMissing("SEALING_PRIVATE_KEY_FILE holds no X25519 key")
    return key


def _binding(operation: ReimageOperation, reimage_request: ReimageRequest, field: SecretField) -> bytes:
    """What a ciphertext is good for, and for nothing else: one request, machine, person and field."""
    requester = reimage_request.requester
    parts = [
        reimage_request.pk,
        operation.plan["vm_id"],
        str(requester.tenant_id),
        str(requester.object_id),
        field.value,
    ]
    return json.dumps(parts).encode()


def _commitment(nonce: str, value: str) -> str:
    return hashlib.sha256(bytes.fromhex(nonce) + value.encode()).hexdigest()
