"""Tells every place outside the database each checkpoint, in order and without a gap, however long one was away.

A place may be told a checkpoint twice after a crash, never too few: the note of what it was told follows the telling.
"""

from collections.abc import Sequence
from datetime import datetime

import structlog

from portal.audit.models import AuditAnchor, AuditCheckpoint
from portal.audit.sealing.anchor_file import newest_anchors
from portal.audit.sealing.places import PlaceProblem, Tell, places

log = structlog.get_logger(__name__)
BATCH = 500  # checkpoints a telling


def anchor_checkpoints(*, now: datetime) -> dict[str, int]:
    """Tells each place what it has not been told; returns how far each knows the log. Each has its own troubles."""
    return {place: _bring_up_to_date(place, tell, now) for place, tell in places().items()}


def _bring_up_to_date(place: str, tell: Tell, now: datetime) -> int:
    known = _known_to(place)
    while batch := _checkpoints_after(known):
        try:
            tell([note for _, note in batch])
        except (OSError, PlaceProblem) as err:
            _note_failure(place, known, now, err)
            return known
        known = batch[-1][0]
        _note_success(place, known, now)
    return known


def _known_to(place: str) -> int:
    """The note in the database, or the file's own end where the file has more of this log's checkpoints."""
    anchor, _ = AuditAnchor.objects.get_or_create(place=place)
    if place != "file":
        return anchor.tree_size
    told = {found.tree_size: found.text for found, _ in newest_anchors() if found.tree_size > anchor.tree_size}
    ours = AuditCheckpoint.objects.filter(tree_size__in=told).values_list("tree_size", "note")
    return max((size for size, note in ours if note.startswith(told[size] + "\n")), default=anchor.tree_size)


def _checkpoints_after(tree_size: int) -> Sequence[tuple[int, str]]:
    found = AuditCheckpoint.objects.filter(tree_size__gt=tree_size).order_by("tree_size")
    return list(found.values_list("tree_size", "note")[:BATCH])


def _note_success(place: str, tree_size: int, now: datetime) -> None:
    # Only upwards: another process may have told the place more meanwhile.
    AuditAnchor.objects.filter(place=place, tree_size__lt=tree_size).update(
        tree_size=tree_size, anchored_at=now, failing_since=None
    )


def _note_failure(place: str, known: int, now: datetime, err: Exception) -> None:
    AuditAnchor.objects.filter(place=place, failing_since=None).update(failing_since=now)
    log.error("audit.not_anchored", place=place, anchored_up_to=known, problem=type(err).__name__)
