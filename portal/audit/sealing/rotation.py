"""Replaces the signing key: the old one endorses the new one, once, under the event that says so.

From then on the old key signs nothing. A thief of the new key cannot sign what came before it, nor can one of the old
key sign what came after: each key is believed for its own part of the log alone.
"""

from datetime import datetime
from pathlib import Path

from django.db import transaction

from portal.audit.actors import Actor
from portal.audit.catalogue import AUDIT_KEY_REPLACED
from portal.audit.sealing import keys
from portal.audit.sealing.locking import lock_for_sealing
from portal.audit.sealing.notes import Signer, VerifierKey
from portal.audit.sealing.sealer import (
    SealingRefused,
    extend,
    last_checkpoint,
    refuse_another_key,
    unsealed_events,
)
from portal.audit.services import record


def replace_signing_key(*, new_key_file: Path, actor: Actor, now: datetime, is_lost: bool = False) -> VerifierKey:
    """Hands the log over to a new key and returns its public half.

    With `is_lost` nobody endorses it, and what was sealed before is bound by anchors alone; a verifier accepts that
    only from a list of public keys that says so. Raises SigningKeyProblem and SealingRefused.
    """
    new_key = keys.read_signing_key(new_key_file)
    with transaction.atomic():
        if not lock_for_sealing():
            raise SealingRefused("The sealer is at work: try again.")
        base = last_checkpoint()
        name = base.origin if base else keys.default_origin()
        new = Signer(name, new_key)
        signers = [new] if is_lost or base is None else [Signer(name, keys.signing_key()), new]
        if base is not None and not is_lost:
            refuse_another_key(signers[0])
        if signers[0] is not new and signers[0].verifier_key == new.verifier_key:
            raise SealingRefused(f"{new_key_file} holds the key that signs already: make another one.")
        record(
            action=AUDIT_KEY_REPLACED,
            actor=actor,
            detail={"new_key": str(new.verifier_key), "old_key_is_lost": is_lost},
        )
        events = [(key, bytes(body)) for key, body in unsealed_events(thorough=True).values_list("pk", "body")]
        extend(base, events, signers=signers, now=now)
    return new.verifier_key
