"""Turns the body of an event into what a page shows of it: nested terms with names, and the JSON for reading."""

import json
from collections.abc import Mapping
from dataclasses import dataclass

from django.utils.translation import gettext as _

from portal.audit.labels import label_of
from portal.audit.text import Placeholder


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


def readable_json(body: bytes) -> str:
    """The body with one member a line; the same content, not the same bytes.

    What is no JSON comes as it is, and so does half a surrogate pair, which no page can hold.
    """
    try:
        return json.dumps(json.loads(body), ensure_ascii=False, indent=2).encode().decode()
    except (ValueError, RecursionError):
        return body.decode(errors="replace")
