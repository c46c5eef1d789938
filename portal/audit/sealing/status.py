"""How far the log is sealed and anchored, and what waits: for pages, alarms and figures."""

from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.db import DataError
from django.db.models import Case, F, OuterRef, Subquery, When
from django.db.models.functions import Coalesce, Now

from portal.audit.models import AuditAnchor, AuditCheckpoint
from portal.audit.sealing.evidence import SignerUnknown, signed_checkpoint
from portal.audit.sealing.notes import NoteError
from portal.audit.sealing.sealer import sealed_size, unsealed_events

COUNTED = 1_000  # of what waits: to count all of it would take longer with each event
NO_TIME_SECONDS = 1e9
LATE_SECONDS = 30.0  # an event is sealed and anchored within 5


@dataclass(frozen=True)
class Backlog:
    """Events that wait for the sealer.

    `events` are counted to COUNTED. `seconds` is how far the time of one of them lies from now, at the most: one in the
    future is no better than a late one. `since` is the oldest time that is past.
    """

    events: int = 0
    seconds: float = 0.0
    since: datetime | None = None

    @property
    def is_late(self) -> bool:
        return self.seconds > LATE_SECONDS

    @property
    def has_more(self) -> bool:
        """Whether it may be more than was counted."""
        return self.events == COUNTED


@dataclass(frozen=True)
class Place:
    """A place outside the database; it lacks checkpoints, or does not take them, since so long. 0: it has them all."""

    name: str
    tree_size: int
    behind_since: datetime | None
    behind_seconds: float


@dataclass(frozen=True)
class SealStatus:
    """Counts of events; `anchored_up_to` is what every place outside the database knows.

    `is_signed`: the last checkpoint is whole, and of a key that this process was told of.
    """

    sealed_up_to: int
    is_signed: bool
    anchored_up_to: int
    failing_since: datetime | None
    backlog: Backlog


def is_sealing_expected() -> bool:
    """Whether this installation seals, as a process without the key can tell. Every served one does."""
    return bool(settings.AUDIT_PUBLIC_KEYS or settings.AUDIT_SIGNING_KEY_FILE) or not settings.ENVIRONMENT.local


def seal_status() -> SealStatus:
    """Six quick queries, whatever the length of the log."""
    told, size = places_told(), sealed_size()
    return SealStatus(
        sealed_up_to=size,
        is_signed=not size or _is_signed(size),
        anchored_up_to=min((place.tree_size for place in told), default=0),
        failing_since=min((place.behind_since for place in told if place.behind_since), default=None),
        backlog=backlog() if is_sealing_expected() else Backlog(),
    )


def _is_signed(size: int) -> bool:
    notes = AuditCheckpoint.objects.filter(tree_size=size).values_list("note", flat=True)[:1]
    try:
        return [signed_checkpoint(note).tree_size for note in notes] == [size]
    except (NoteError, SignerUnknown):
        return False


def backlog() -> Backlog:
    """What waits now; in a healthy log nothing for longer than 5 seconds. Three queries."""
    waiting = unsealed_events(thorough=False).annotate(now=Now()).values_list("occurred_at", "now")
    try:
        rows = list(waiting[:COUNTED])
        return Backlog(
            events=len(rows),
            seconds=max((_distance(time, now) for time, now in rows), default=0.0),
            since=min((time for time, now in rows if time <= now), default=None),
        )
    except (DataError, ValueError, TypeError, AttributeError):  # a time that is none, by a superuser: as late as can be
        return Backlog(events=waiting[:COUNTED].count(), seconds=NO_TIME_SECONDS)


def places_told() -> list[Place]:
    """Those that the worker is told of; none before it ran for the first time. One query.

    A note beyond the log is false, and counts as nothing known.
    """
    end = Coalesce(Subquery(AuditCheckpoint.objects.order_by("-tree_size").values("tree_size")[:1]), 0)
    untold = AuditCheckpoint.objects.filter(tree_size__gt=OuterRef("known")).order_by("tree_size")
    rows = AuditAnchor.objects.filter(retired_at=None).annotate(
        now=Now(),
        known=Case(When(tree_size__lte=end, then=F("tree_size")), default=0),
        untold=Subquery(untold.values("sealed_at")[:1]),
    )
    return [_place(*row) for row in rows.values_list("place", "known", "failing_since", "untold", "now")]


def _place(name: str, tree_size: int, failing: datetime | None, untold: datetime | None, now: datetime) -> Place:
    """A place that nobody comes to, as where the worker hangs, fails in no call: what it lacks tells."""
    late = untold if untold and _distance(untold, now) > LATE_SECONDS else None
    since = [moment for moment in (failing, late) if moment]
    seconds = max((_distance(moment, now) for moment in (failing, untold) if moment), default=0.0)
    return Place(name, tree_size, min(since, default=None), seconds)


def _distance(moment: datetime, now: datetime) -> float:
    return abs((now - moment).total_seconds())
