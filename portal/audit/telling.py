"""Reads events so that each is told by its own body, which is sealed: a superuser can change columns alone.

Columns find candidates. What they say otherwise than the body counts for nothing, and is told.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models.functions import Length

from portal.audit.actors import PERSON
from portal.audit.disclosure import disclose
from portal.audit.models import AuditEvent

# What Python raises for a value of another form than the portal writes. Whoever took over the web process can put any
# JSON anywhere in an event that stays for good, and one event must not hide the others. What the database or a
# template raises by itself is not among them: that is a mistake to be seen.
UNTELLABLE = (TypeError, ValueError, AttributeError, LookupError, OverflowError, RecursionError)

# Whoever took over the web process can add any number of large events to a request, for good. What a page holds of one
# request, in bytes: a genuine one has a few hundred events of 1 to 3 kB, and a submission of up to 330 kB.
MOST_TOLD = 20_000_000
EACH, EACH_MEMBER = 2_000, 32  # beside the bytes of a body: for an event, and for each comma in it
MOST_UNTOLD = 200  # of the others so many are named
CHUNK = 100  # read at a time, as in sealing/evidence.py


@dataclass(frozen=True, slots=True)
class ToldEvent:
    """An event whose columns in memory are those of its body. Of one that is not readable nothing is believed.

    One that is left out was not read, because others had used up what a page can hold.
    """

    event: AuditEvent
    body: dict[str, Any]
    is_readable: bool
    are_columns_altered: bool
    is_left_out: bool = False

    @property
    def number(self) -> int | None:
        """Its place in the log as people count it; None while it is not sealed."""
        place = self.event.leaf.leaf_index if hasattr(self.event, "leaf") else None
        return place + 1 if isinstance(place, int) and place >= 0 else None

    @property
    def is_by_person(self) -> bool:
        """Whether somebody did it who had signed in."""
        return self.is_readable and self.event.actor_kind == PERSON


@dataclass(frozen=True, slots=True)
class Unsound:
    """The places of events of which something is wrong, as people count them."""

    altered: Sequence[int] = ()
    damaged: Sequence[int] = ()
    left_out: Sequence[int] = ()

    @classmethod
    def among(cls, told: Iterable[ToldEvent]) -> "Unsound":
        """Those of these events."""
        told = list(told)
        return cls(
            altered=[one.number for one in told if one.are_columns_altered and one.number],
            damaged=[one.number for one in told if not (one.is_readable or one.is_left_out) and one.number],
            left_out=[one.number for one in told if one.is_left_out and one.number],
        )


def tell(event: AuditEvent) -> ToldEvent:
    """Reads it once; the event comes with its leaf and its texts, so that many cost no more queries than one."""
    told = disclose(event)
    return ToldEvent(event, told.body, not told.is_damaged, told.are_columns_altered)


class Budget:
    """How much is told of events that are held at once."""

    def __init__(self) -> None:
        self._left, self._untold = MOST_TOLD, 0

    def takes(self, cost: int) -> bool:
        """Whether an event of this cost is within what is left; then it counts."""
        is_within = cost + EACH <= self._left
        self._left -= cost + EACH if is_within else 0
        return is_within

    def tell(self, event: AuditEvent) -> ToldEvent | None:
        """The event; left out where it came without its body, or is too large; None where many are left out already."""
        if "body" not in event.get_deferred_fields() and self.takes(_cost_of(event)):
            return tell(event)
        self._untold += 1
        event.body, event.search_text = b"", ""
        return ToldEvent(event, {}, False, False, is_left_out=True) if self._untold <= MOST_UNTOLD else None


def _cost_of(event: AuditEvent) -> int:
    """Of a damaged file of SQLite the body may be something else, which nothing reads."""
    is_body = isinstance(event.body, bytes | memoryview)
    body = bytes(event.body) if is_body else b""
    return len(body) + body.count(b",") * EACH_MEMBER


def told_within(events: Iterable[AuditEvent], subject: str) -> Iterator[ToldEvent]:
    """Tells events in their order, as long as they are within MOST_TOLD, and names MOST_UNTOLD others.

    Those that the column does not put into the subject have a budget of their own: they must not take away its.
    """
    budgets: defaultdict[bool, Budget] = defaultdict(Budget)
    for event in events:
        told = budgets[event.subject == subject].tell(event)
        if told:
            yield told


def told_about(subject: str) -> list[ToldEvent]:
    """The events of a subject in the order of their numbers, as many as can be held.

    Three queries while there are no more than CHUNK; a body that is not told is not read.
    """
    found = AuditEvent.objects.filter(subject=subject).order_by("sequence", "pk")
    sizes = list(found.values_list("pk", Length("body"))[: MOST_TOLD // EACH + MOST_UNTOLD])
    return told_of_subject(told_within(_read(sizes), subject), subject)


def _read(sizes: Sequence[tuple[int, int]]) -> Iterator[AuditEvent]:
    """The events of these keys; without its body what is not within the budget by the size of that alone."""
    budget, left_out = Budget(), 0
    for start in range(0, len(sizes), CHUNK):
        chunk = sizes[start : start + CHUNK]
        within = {key for key, size in chunk if budget.takes(size or 0)}  # a superuser can leave none
        beyond = [key for key, _ in chunk if key not in within][: MOST_UNTOLD - left_out]
        left_out += len(beyond)
        events = AuditEvent.objects.select_related("leaf").order_by("sequence", "pk")
        if within:
            yield from events.filter(pk__in=within).with_texts().defer("search_text")
        if beyond:
            yield from events.filter(pk__in=beyond).defer("search_text", "body")


def told_of_subject(told: Iterable[ToldEvent], subject: str) -> list[ToldEvent]:
    """Those whose body says this subject, in the order of their numbers, and those of which only the column can."""
    return sorted((one for one in told if one.event.subject == subject), key=_order)


def is_whole(told: Iterable[ToldEvent]) -> bool:
    """Whether all events of a subject up to the last are there and readable: each has the number after the one before.

    Where not, nothing can be said of what did not happen.
    """
    told = list(told)
    numbers = [one.event.sequence for one in told]
    return all(one.is_readable for one in told) and numbers == list(range(1, len(told) + 1))


def _order(told: ToldEvent) -> tuple[float, int]:
    """Of one that is damaged, the column says where to tell it."""
    number = told.event.sequence
    return (number if isinstance(number, int) else float("inf"), told.event.pk)
