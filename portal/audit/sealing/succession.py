"""Which key took the log over last, as the log itself tells: signatures can be taken away, a sealed event cannot.

Whoever may write events can add one that names any key. So its word counts only where something outside the database
bears it out: the list of public keys, or the anchor file with that key's signature below the very checkpoint.
"""

import json
from contextlib import suppress
from functools import cache

from django.db.models.functions import Length

from portal.audit.catalogue import AUDIT_KEY_REPLACED
from portal.audit.models import AuditEvent
from portal.audit.sealing import keys
from portal.audit.sealing.anchor_file import newest_anchors
from portal.audit.sealing.checkpoints import Checkpoint
from portal.audit.sealing.notes import NoteError, SignedNote, VerifierKey

LARGEST = 4_096  # bytes: each round of the sealer reads them all, and whoever may add events can add large ones


def last_successor(current: VerifierKey) -> VerifierKey | None:
    """Of this key, or this key itself; None where no sealed event of a key's taking over is borne out."""
    anchors, following = cache(_anchors), keys.current_and_following(current)
    events = AuditEvent.objects.alias(size=Length("body")).filter(action=AUDIT_KEY_REPLACED.name, size__lte=LARGEST)
    placed = events.filter(leaf__leaf_index__gte=0).order_by("-leaf__leaf_index")
    for place, body in placed.values_list("leaf__leaf_index", "body").iterator():
        key = _named_in(body)
        if key and (key in following or _took_over(key, place + 1, anchors())):
            return key
    return None


def _named_in(body: bytes | memoryview) -> VerifierKey | None:
    with suppress(ValueError, KeyError, TypeError, RecursionError, NoteError):  # damaged: audit_verify tells
        return VerifierKey.parse(str(json.loads(bytes(body))["detail"]["new_key"]))
    return None


def _anchors() -> list[tuple[Checkpoint, SignedNote]]:
    with suppress(OSError):  # it says nothing then, as in `put_back`
        return newest_anchors()
    return []


def _took_over(key: VerifierKey, tree_size: int, anchors: list[tuple[Checkpoint, SignedNote]]) -> bool:
    return any(found.tree_size == tree_size and signed.is_signed_by(key) for found, signed in anchors)
