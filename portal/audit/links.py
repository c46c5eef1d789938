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


Tool = Callable[[], Link]
Finder = Callable[[Mapping[str, Any]], Link | None]
_finders: list[Finder] = []
_tools: list[Tool] = []


def register_link(finder: Finder) -> None:
    """A function from an event's body to its page, or None where it is about something else."""
    if finder not in _finders:
        _finders.append(finder)


def links_of(body: Mapping[str, Any]) -> Iterator[Link]:
    """Every page that knows more about the event's object."""
    return (link for finder in _finders if (link := finder(body)))


def register_tool(tool: Tool) -> None:
    """A page of a capability that helps to review it; the log's first page leads there."""
    if tool not in _tools:
        _tools.append(tool)


def tools() -> list[Link]:
    """All of them, where they are now."""
    return [tool() for tool in _tools]
