"""What the anchor file says against sealing on: it remembers what a database that was put back has lost."""

from collections.abc import Sequence
from contextlib import suppress

import structlog

from portal.audit.models import AuditCheckpoint
from portal.audit.sealing import keys
from portal.audit.sealing.anchor_file import newest_anchors
from portal.audit.sealing.checkpoints import Checkpoint
from portal.audit.sealing.notes import NoteError, SignedNote, VerifierKey, parse

log = structlog.get_logger(__name__)
REMEDY = "it was cut, or restored from a backup. See docs/audit.md, section Restoring a backup."


def contradiction(size: int, signer: VerifierKey) -> str:
    """Why a log of so many sealed events must not grow; empty where the file's end knows no longer and no other one.

    A file that cannot be read says nothing, and the sealing goes on: unsealed events could be changed without a trace,
    while a log that is put back meanwhile is found as soon as the file is back, here as by audit_verify. Whoever can
    make the file unreadable could take it away as well.
    """
    believed = keys.current_and_following(signer)
    try:
        against = _unlike_ours(newest_anchors(), believed)
    except OSError as err:
        log.critical("audit.anchors_not_read", problem=type(err).__name__)
        return ""
    sizes = [found.tree_size for found, signed in against if any(map(signed.is_signed_by, believed))]
    if not sizes:
        return ""
    if max(sizes) > size:
        return f"The database has {size} sealed events, but its anchors know {max(sizes)}: {REMEDY}"
    return f"The anchors have another checkpoint of {min(sizes)} events than the database: {REMEDY}"


def _unlike_ours(
    anchors: Sequence[tuple[Checkpoint, SignedNote]], believed: Sequence[VerifierKey]
) -> list[tuple[Checkpoint, SignedNote]]:
    """Those that the database has not, or has otherwise, or without a true signature that they have."""
    sizes = {found.tree_size for found, _ in anchors}
    ours = dict(AuditCheckpoint.objects.filter(tree_size__in=sizes).values_list("tree_size", "note"))
    return [
        (found, signed)
        for found, signed in anchors
        if not (note := ours.get(found.tree_size, "")).startswith(found.text + "\n")
        or any(map(_without(note, signed).is_signed_by, believed))
    ]


def _without(note: str, signed: SignedNote) -> SignedNote:
    """With those of the signatures alone that this note, of the same text, does not have."""
    with suppress(NoteError):
        ours = parse(note).signatures
        return SignedNote(signed.text, tuple(one for one in signed.signatures if one not in ours))
    return signed
