"""Reads events so that each is told by its own body, which is sealed: a superuser can change columns alone.

Columns find candidates. What they say otherwise than the body counts for nothing, and is told.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from portal.audit.actors import PERSON
from portal.audit.disclosure import disclose
from portal.audit.models import AuditEvent

# What Python raises for a value of another form than the portal writes. Whoever took over the web process can put any
# JSON anywhere in an event that stays for good, and one event must not hide the others. What the database or a
# template raises by itself is not among them: that is a mistake to be seen.
UNTELLABLE = (TypeError, ValueError, AttributeError, LookupError, OverflowError, RecursionError)


@dataclass(frozen=True, slots=True)
class ToldEvent:
    """An event whose columns in memory are those of its body. Of one that is not readable nothing is believed."""

    event: AuditEvent
    body: dict[str, Any]
    is_readable: bool
    are_columns_altered: bool

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

    @classmethod
    def among(cls, told: Iterable[ToldEvent]) -> "Unsound":
        """Those of these events."""
        told = list(told)
        return cls(
            altered=[one.number for one in told if one.are_columns_altered and one.number],
            damaged=[one.number for one in told if not one.is_readable and one.number],
        )


def tell(event: AuditEvent) -> ToldEvent:
    """Reads it once; the event comes with its leaf and its texts, so that many cost no more queries than one."""
    told = disclose(event)
    return ToldEvent(event, told.body, not told.is_damaged, told.are_columns_altered)


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
