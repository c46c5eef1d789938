"""Tells every place outside the database each checkpoint, in order and without a gap, however long one was away.

A place may be told a checkpoint twice after a crash, never too few: the note of what it was told follows the telling.
The note is no evidence: whoever may write to the database could stop the telling by one that claims too much. So the
file is asked itself, and for other places a note beyond the log counts as none.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime

import structlog
from django.db.models import Q, Subquery

from portal.audit.holding import HOLD, is_free
from portal.audit.models import AuditAnchor, AuditCheckpoint
from portal.audit.sealing import checkpoints
from portal.audit.sealing.anchor_file import newest_anchors
from portal.audit.sealing.notes import NoteError
from portal.audit.sealing.places import PlaceProblem, Tell, places
from portal.audit.sealing.sealer import sealed_size

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
    if _has_everything(anchor):
        return anchor.tree_size
    with _alone_at(place, now) as is_ours:
        if is_ours:
            try:
                _tell_what_is_new(place, tell, now)
            except TROUBLES as err:
                _note_failure(place, now, err)
    return AuditAnchor.objects.get(place=place).tree_size


def _has_everything(anchor: AuditAnchor) -> bool:
    """Whether the note says that nobody need go to the place. The file is read in each round, as it says itself what it
    has; by one process at a time, as it may be slow."""
    is_well = anchor.failing_since is None and anchor.retired_at is None
    return is_well and anchor.place != "file" and _believed(anchor) and not _checkpoints_after(anchor.tree_size)


def _believed(anchor: AuditAnchor) -> bool:
    """Whether the note may be true: nobody told the place what is beyond the log."""
    return anchor.tree_size <= sealed_size()


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
            _tell(place, tell, batch)
            known = batch[-1][0]
        _note_success(place, known, now)
        if len(batch) < BATCH:
            break


def _tell(place: str, tell: Tell, batch: Sequence[tuple[int, str]]) -> None:
    """A damaged one is left out: the file would not be found to know it, and be told it for ever."""
    if notes := [note for size, note in batch if _text_of(size, note)]:
        tell(notes)
    if damaged := [size for size, note in batch if not _text_of(size, note)]:
        problem = f"the checkpoint of {damaged[0]} events is damaged: run audit_verify"
        log.error("audit.not_anchored", place=place, problem=problem)


def _known_to(place: str) -> int:
    """The newest of this log's checkpoints near the file's end; for other places what the note says.

    A file that has none there, as a new one, is told the newest at least, whatever the note says.
    """
    anchor = AuditAnchor.objects.get(place=place)
    noted: int = anchor.tree_size if _believed(anchor) else 0
    return (_known_to_file() or min(noted, _last_but_one())) if place == "file" else noted


def _last_but_one() -> int:
    sizes = AuditCheckpoint.objects.order_by("-tree_size").values_list("tree_size", flat=True)
    return next(iter(sizes[1:2]), 0)


def _known_to_file() -> int:
    told = {found.text: found.tree_size for found, _ in newest_anchors()}
    ours = AuditCheckpoint.objects.filter(tree_size__in=set(told.values())).values_list("tree_size", "note")
    return max((size for size, note in ours if _text_of(size, note) in told), default=0)


def _text_of(size: int, note: str) -> str:
    """What is signed in a checkpoint of so many events; nothing of one that is damaged."""
    with suppress(NoteError):
        found, _ = checkpoints.read(note)
        return found.text if found.tree_size == size else ""
    return ""


def _checkpoints_after(tree_size: int) -> Sequence[tuple[int, str]]:
    found = AuditCheckpoint.objects.filter(tree_size__gt=tree_size).order_by("tree_size")
    return list(found.values_list("tree_size", "note")[:BATCH])


def _note_success(place: str, tree_size: int, now: datetime) -> None:
    # Never downwards, as another process may have told the place more meanwhile; but not beyond the log.
    sealed = Subquery(AuditCheckpoint.objects.order_by("-tree_size").values("tree_size")[:1])  # as of the update
    is_less_or_false = Q(tree_size__lte=tree_size) | Q(tree_size__gt=sealed)
    AuditAnchor.objects.filter(is_less_or_false, place=place).update(
        tree_size=tree_size, anchored_at=now, failing_since=None
    )


def _note_failure(place: str, now: datetime, err: Exception) -> None:
    AuditAnchor.objects.filter(place=place, failing_since=None).update(failing_since=now)
    known = AuditAnchor.objects.get(place=place).tree_size
    # Of other errors the text may hold the address, with whatever somebody wrote into it.
    problem = str(err) if isinstance(err, PlaceProblem) else type(err).__name__
    log.error("audit.not_anchored", place=place, anchored_up_to=known, problem=problem)
