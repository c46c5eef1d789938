"""Turns the body of an event into what a page shows of it: nested terms with names, and the JSON for reading."""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from django.utils.translation import gettext as _

from portal.audit.labels import label_of
from portal.audit.text import Placeholder

Member = TypeVar("Member")
# Whoever may add events can add one of a million bytes, which indented or as terms makes a page of many times that.
MOST_SHOWN = 200_000  # characters
MOST_INDENTED, MOST_LINES = 100_000, 5_000  # bytes, and signs after which a line begins
MOST_ENTRIES = 5_000


@dataclass(frozen=True)
class Entry:
    """A term with a text, or with entries of its own."""

    label: str
    text: str = ""
    entries: tuple["Entry", ...] = ()


def entries_of(value: Mapping[str, object] | list[object]) -> tuple[Entry, ...]:
    """The members of a detail; those of a list are numbered."""
    if isinstance(value, Mapping):
        return tuple(_entry(label_of(key), item) for key, item in value.items())
    return tuple(_entry(str(number), item) for number, item in enumerate(value, start=1))


def _entry(label: str, value: object) -> Entry:
    match value:
        case dict() | list() if value:
            return Entry(label, entries=entries_of(value))
        case None | "" | dict() | list():
            return Entry(label, "–")
        case bool():
            return Entry(label, _("yes") if value else _("no"))
        case Placeholder():
            return Entry(label, value)
        case _:
            return Entry(label, str(value))


@dataclass(frozen=True)
class Excerpt:
    """What a page shows of something long: its beginning, and whether there is more."""

    shown: Any
    is_cut: bool = False


def first_entries(detail: Mapping[str, object]) -> Excerpt:
    """The first members of a detail: MOST_ENTRIES of values and of lists and objects with values in them."""
    budget = [MOST_ENTRIES]
    kept = _first(detail, budget)
    return Excerpt(entries_of(kept), is_cut=budget[0] < 0)


def _first(value: Any, budget: list[int]) -> Any:
    """The value without its members from where the budget is used up; below zero it had more.

    One of which no member is left is not told as if it had none.
    """
    if isinstance(value, Mapping) and value:
        return {key: _first(value[key], budget) for key in _within(value, budget)} or "…"
    if isinstance(value, list) and value:
        return [_first(item, budget) for item in _within(value, budget)] or "…"
    return value


def _within(members: Iterable[Member], budget: list[int]) -> Iterator[Member]:
    for member in members:
        budget[0] -= 1
        if budget[0] < 0:
            return
        yield member


def readable_json(body: bytes, *, as_stored: bool) -> Excerpt:
    """The body with one member a line; the same content, not the same bytes. So it stands unless that would be huge.

    What is no JSON comes as it is, and so does half a surrogate pair, which no page can hold.
    """
    is_huge = len(body) > MOST_INDENTED or sum(map(body.count, (b",", b"[", b"{"))) > MOST_LINES
    text = body[: (MOST_SHOWN + 1) * 4].decode(errors="replace") if as_stored or is_huge else _indented(body)
    return Excerpt(text[:MOST_SHOWN], is_cut=len(text) > MOST_SHOWN)


def _indented(body: bytes) -> str:
    try:
        return json.dumps(json.loads(body), ensure_ascii=False, indent=2).encode().decode()
    except (ValueError, RecursionError):
        return body.decode(errors="replace")
