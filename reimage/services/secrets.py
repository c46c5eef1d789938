"""Seals, opens and destroys passwords and customData. HPKE: the web process has the public key alone.

Plaintext leaves this module only towards the request body. https://www.rfc-editor.org/rfc/rfc9180
"""

import hashlib
import json
import secrets as randomness
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from reimage.models import ReimageOperation, ReimageRequest, SealedSecret, SecretField
from reimage.services.sealing_keys import (
    SUITE,
    SealingError,
    SealingKeyMissing,
    key_id,
    open_sealed,
    private_key,
    public_key,
)

NONCE_BYTES = 32
ON_THEIR_WAY = (SecretField.ADMIN_PASSWORD, SecretField.CUSTOM_DATA)


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
    recipient = public_key()
    plaintext = json.dumps({"nonce": secret.nonce, "value": secret.value}).encode()
    ciphertext = SUITE.encrypt(plaintext, recipient, info=binding(operation, reimage_request, field))
    SealedSecret.objects.create(
        operation=operation, field=field, key_id=key_id(recipient), ciphertext=ciphertext, sealed_at=now
    )


def open_secret(operation: ReimageOperation, field: SecretField, *, commitment: str | None) -> str | None:
    """The value, None where none was sealed. Raises SealingError if it is not what was approved."""
    sealed = operation.sealed_secrets.filter(field=field).first()
    if sealed is None:
        return None
    try:
        key = private_key(sealed.key_id)
    except SealingKeyMissing as err:
        raise SealingKeyMissing(f"the {field} of operation {operation.pk} cannot be opened: {err}") from None
    plaintext = open_sealed(
        bytes(sealed.ciphertext),
        key,
        info=binding(operation, operation.reimage_request, field),
        name=f"the sealed {field} of operation {operation.pk}",
    )
    content = json.loads(plaintext)
    if commitment is not None and _commitment(content["nonce"], content["value"]) != commitment:
        raise SealingError(f"the sealed {field} of operation {operation.pk} is not the approved one")
    return str(content["value"])


def destroy_secrets(*operation_ids: int, fields: Iterable[SecretField] = tuple(SecretField)) -> None:
    """Deletes the ciphertext; SQLite overwrites it (secure_delete)."""
    if fields := list(fields):
        SealedSecret.objects.filter(operation_id__in=operation_ids, field__in=fields).delete()


def binding(operation: ReimageOperation, reimage_request: ReimageRequest, purpose: str) -> bytes:
    """What a ciphertext is good for, and for nothing else: one request, machine, person and field or other purpose."""
    requester = reimage_request.requester
    parts = [
        reimage_request.pk,
        operation.plan["vm_id"],
        str(requester.tenant_id),
        str(requester.object_id),
        str(purpose),
    ]
    return json.dumps(parts).encode()


def _commitment(nonce: str, value: str) -> str:
    return hashlib.sha256(bytes.fromhex(nonce) + value.encode()).hexdigest()
