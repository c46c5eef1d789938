"""Ways from an event to the page of what it is about; each capability registers its own."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.functional import Promise


@dataclass(frozen=True)
class Link:
    """Where to, and what it is called."""

    address: str
    label: str | Promise


Finder = Callable[[Mapping[str, Any]], Link | None]
_finders: list[Finder] = []


def register_link(finder: Finder) -> None:
    """A function from an event's body to its page, or None where it is about something else."""
    if finder not in _finders:
        _finders.append(finder)


def links_of(body: Mapping[str, Any]) -> Iterator[Link]:
    """Every page that knows more about the event's object."""
    return (link for finder in _finders if (link := finder(body)))
