"""Lays out the picture of a plan: one row a disk, today on the left and after the reimage on the right."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from django.utils.functional import Promise

HEADING_HEIGHT = 28
ROW_HEIGHT = 62


class Fate(StrEnum):
    """What becomes of a disk."""

    NEW = "new"
    KEPT = "kept"
    DELETED = "deleted"
    LOST = "lost"
    UNTOUCHED = "untouched"
    UNDOCUMENTED = "undocumented"


@dataclass(frozen=True)
class PlanPart:
    """One row. `title` and `name` say what is there today, `after` and `note` what becomes of it.

    A part that is not there today, like the old OS disk, branches off the row above.
    """

    fate: Fate
    title: str | Promise
    after: str | Promise
    name: str = ""
    note: str | Promise = ""
    is_there_today: bool = True


@dataclass(frozen=True)
class Row:
    """A part in its place; `shape` are classes of plan.css and parts.css."""

    part: PlanPart
    y: int
    shape: str
    icon: str


@dataclass(frozen=True)
class Picture:
    rows: tuple[Row, ...]
    height: int


SHAPES = {
    Fate.NEW: ("tone-info", "plus"),
    Fate.KEPT: ("tone-good", "disk"),
    Fate.DELETED: ("tone-danger ends", "trash"),
    Fate.LOST: ("tone-bad ends", "trash"),
    Fate.UNTOUCHED: ("", "disk"),
    Fate.UNDOCUMENTED: ("tone-quiet undocumented", "question"),
}


def picture_of(parts: Sequence[PlanPart]) -> Picture:
    """The rows in their places, and the height of the drawing."""
    rows = tuple(
        Row(part, HEADING_HEIGHT + number * ROW_HEIGHT, *SHAPES[part.fate]) for number, part in enumerate(parts)
    )
    return Picture(rows, HEADING_HEIGHT + len(rows) * ROW_HEIGHT)
