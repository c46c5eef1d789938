"""Tells every place outside the database each checkpoint, in order and without a gap, however long one was away.

A place may be told a checkpoint twice after a crash, never too few: the note of what it was told follows the telling.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime

import structlog

from portal.audit.holding import HOLD, is_free
from portal.audit.models import AuditAnchor, AuditCheckpoint
from portal.audit.sealing.anchor_file import newest_anchors
from portal.audit.sealing.places import PlaceProblem, Tell, places

log = structlog.get_logger(__name__)
BATCH = 500  # checkpoints a telling
BATCHES = 4  # a call: each ends within ten seconds, all of them before the place is free again
# A ValueError: a host's name, or a token, that cannot be written as such.
TROUBLES = (OSError, PlaceProblem, ValueError)


def anchor_checkpoints(*, now: datetime) -> dict[str, int]:
    """Tells each place what it has not been told; returns how far each knows the log. Each has its own troubles."""
    told = places()
    AuditAnchor.objects.filter(retired_at=None).exclude(place__in=told).update(retired_at=now, failing_since=None)
    return {place: _bring_up_to_date(place, tell, now) for place, tell in told.items()}


def _bring_up_to_date(place: str, tell: Tell, now: datetime) -> int:
    anchor, _ = AuditAnchor.objects.get_or_create(place=place)
    is_well = anchor.failing_since is None and anchor.retired_at is None
    if is_well and not _checkpoints_after(anchor.tree_size):
        return anchor.tree_size
    with _alone_at(place, now) as is_ours:
        if is_ours:
            try:
                _tell_what_is_new(place, tell, now)
            except TROUBLES as err:
                _note_failure(place, now, err)
    return AuditAnchor.objects.get(place=place).tree_size


@contextmanager
def _alone_at(place: str, now: datetime) -> Iterator[bool]:
    """Whether nobody else is at the place: a slow one must not take a thread more with every round."""
    held_until = now + HOLD
    free = AuditAnchor.objects.filter(is_free(now), place=place)
    is_ours = bool(free.update(held_until=held_until, retired_at=None))
    try:
        yield is_ours
    finally:
        if is_ours:  # unless it was taken for dead, and the place by another
            AuditAnchor.objects.filter(place=place, held_until=held_until).update(held_until=None)


def _tell_what_is_new(place: str, tell: Tell, now: datetime) -> None:
    known = _known_to(place)
    for _ in range(BATCHES):
        batch = _checkpoints_after(known)
        if batch:
            tell([note for _, note in batch])
            known = batch[-1][0]
        _note_success(place, known, now)
        if len(batch) < BATCH:
            break


def _known_to(place: str) -> int:
    """The note in the database, or the file's own end where the file has more of this log's checkpoints."""
    noted = AuditAnchor.objects.get(place=place).tree_size
    if place != "file":
        return noted
    told = {found.tree_size: found.text for found, _ in newest_anchors() if found.tree_size > noted}
    ours = AuditCheckpoint.objects.filter(tree_size__in=told).values_list("tree_size", "note")
    return max((size for size, note in ours if note.startswith(told[size] + "\n")), default=noted)


def _checkpoints_after(tree_size: int) -> Sequence[tuple[int, str]]:
    found = AuditCheckpoint.objects.filter(tree_size__gt=tree_size).order_by("tree_size")
    return list(found.values_list("tree_size", "note")[:BATCH])


def _note_success(place: str, tree_size: int, now: datetime) -> None:
    # Never downwards: another process may have told the place more meanwhile.
    AuditAnchor.objects.filter(place=place, tree_size__lte=tree_size).update(
        tree_size=tree_size, anchored_at=now, failing_since=None
    )


def _note_failure(place: str, now: datetime, err: Exception) -> None:
    AuditAnchor.objects.filter(place=place, failing_since=None).update(failing_since=now)
    known = AuditAnchor.objects.get(place=place).tree_size
    # Of other errors the text may hold the address, with whatever somebody wrote into it.
    problem = str(err) if isinstance(err, PlaceProblem) else type(err).__name__
    log.error("audit.not_anchored", place=place, anchored_up_to=known, problem=problem)
