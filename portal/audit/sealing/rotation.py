"""Replaces the signing key: the old one endorses the new one, once, under the event that says so.

From then on the old key signs nothing. A thief of the new key cannot sign what came before it, nor can one of the old
key sign what came after: each key is believed for its own part of the log alone.
"""

import base64
from contextlib import suppress
from datetime import datetime

from django.db import transaction

from portal.audit.actors import Actor
from portal.audit.catalogue import AUDIT_KEY_REPLACED
from portal.audit.models import AuditCheckpoint
from portal.audit.sealing import checkpoints, keys
from portal.audit.sealing.locking import lock_for_sealing
from portal.audit.sealing.notes import NoteError, Signer, VerifierKey
from portal.audit.sealing.sealer import (
    SealingRefused,
    all_unsealed_events,
    extend,
    last_checkpoint,
    refuse_another_key,
)
from portal.audit.services import record


def replace_signing_key(*, new_key: str, actor: Actor, now: datetime, is_lost: bool = False) -> VerifierKey:
    """Hands the log over to a new key, of a file or in a security module, and returns its public half.

    With `is_lost` nobody endorses it, and what was sealed before is bound by anchors alone; a verifier accepts that
    only from a list of public keys that says so. Raises SigningKeyProblem, and SealingRefused for a key that is not new
    or a log that has nothing to hand over.
    """
    key = keys.read_signing_key(new_key)
    with transaction.atomic():
        if not lock_for_sealing():
            raise SealingRefused("The sealer is at work: try again.")
        base = last_checkpoint()
        if base is None:
            raise SealingRefused(
                "Nothing is sealed yet, so there is no key to replace: set AUDIT_SIGNING_KEY_FILE to the new key, "
                "AUDIT_PUBLIC_KEYS to its public key alone, and restart the worker."
            )
        new = Signer(base.origin, key)
        _refuse_unless_new(new.verifier_key, new_key)
        signers = [new]
        if not is_lost:
            signers = [Signer(base.origin, keys.signing_key()), new]
            refuse_another_key(signers[0])
        record(
            action=AUDIT_KEY_REPLACED,
            actor=actor,
            detail={"new_key": str(new.verifier_key), "old_key_is_lost": is_lost},
        )
        extend(base, all_unsealed_events(), signers=signers, now=now)
    return new.verifier_key


def _refuse_unless_new(key: VerifierKey, place: str) -> None:
    """A key is believed for one part of the log: with one that had its part already, every verifier would refuse it."""
    if _has_signed(key):
        raise SealingRefused(f"{place} holds a key that has signed this log already: make another one.")
    if any(entry.key == key for entry in keys.trusted_keys()):
        raise SealingRefused(
            f"{place} holds a key that AUDIT_PUBLIC_KEYS names already: make another one. A new key goes into the list "
            "after it took over."
        )


def _has_signed(key: VerifierKey) -> bool:
    """Whether any checkpoint is signed by it. Five digits of base64 hold what is wholly of the key's id."""
    start = base64.b64encode(key.key_id).decode()[:5]
    notes = AuditCheckpoint.objects.filter(note__contains=f"— {key.name} {start}").values_list("note", flat=True)
    return any(_is_signed_by(note, key) for note in notes.iterator())


def _is_signed_by(note: str, key: VerifierKey) -> bool:
    with suppress(NoteError):  # a damaged note is what audit_verify tells of
        return checkpoints.read(note)[1].is_signed_by(key)
    return False
