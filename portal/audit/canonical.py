"""Canonical JSON: one value, one sequence of bytes, so that a digest can be computed again by anyone.

RFC 8785 restricted to what needs no judgement: no floats, strings in Unicode form NFC, times in UTC with
microseconds, nothing so deep that a reader could give up on it. Anything else is refused, never guessed.
"""

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Self
from uuid import UUID

from portal.audit.folding import is_normalized

# RFC 8785 section 3.2.2.3: beyond this an IEEE 754 reader no longer sees the same number.
LARGEST_INTEGER = 2**53 - 1
DEEPEST = 32  # objects and lists within each other: four times what is recorded, and no page's template gives up
_to_json = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


class NotCanonical(ValueError):
    """A value has no canonical form; the message says where it stands and how to mend it."""

    def __init__(self, problem: str) -> None:
        super().__init__(problem)
        self._problem, self._place = problem, ""

    def within(self, step: str) -> Self:
        """The same, seen from the value that holds this one: only what fails costs a description of its place."""
        self._place = step + self._place
        return self

    def __str__(self) -> str:
        return f"value{self._place} {self._problem}"


def canonical_bytes(value: object) -> bytes:
    """The value as UTF-8 JSON; raises NotCanonical for whatever has no single form."""
    return _to_json(_plain(value, DEEPEST)).encode()


def canonical_time(moment: datetime) -> str:
    """An aware time as RFC 3339 text in UTC, always with six digits of the second."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def _plain(value: object, levels: int) -> object:
    match value:
        case str():
            return _text(value)
        case None | bool():
            return value
        case int():
            return _integer(value)
        case dict() | Mapping():  # a mapping of another kind takes long to be known as one
            return _object(value, levels - 1)
        case list() | tuple():
            return _array(value, levels - 1)
        case datetime():
            return _time(value)
        case UUID():
            return str(value)
        case float():
            raise NotCanonical("is a float: use an integer in a smaller unit, or text.")
        case _:
            raise NotCanonical(f"is a {type(value).__name__}: turn it into text, integers, lists or mappings.")


def _text(value: str) -> str:
    text = str.__str__(value)  # an enumeration's value rather than its name
    if text.isascii():
        return text
    if not is_normalized(text):
        raise NotCanonical("is not in Unicode form NFC: normalise it first.")
    if any("\ud800" <= character <= "\udfff" for character in text):
        raise NotCanonical("holds half a surrogate pair, which UTF-8 cannot express: replace it first.")
    return text


def _integer(value: int) -> int:
    if abs(value) > LARGEST_INTEGER:
        raise NotCanonical(f"is beyond ±{LARGEST_INTEGER}: write it as text.")
    return int(value)


def _time(value: datetime) -> str:
    if value.utcoffset() is None:
        raise NotCanonical("is a time without a zone: use django.utils.timezone.now().")
    return canonical_time(value)


def _check_depth(levels: int) -> None:
    if levels < 0:
        raise NotCanonical(f"lies deeper than {DEEPEST} objects and lists: record less of it, or write it as text.")


def _array(value: Sequence[object], levels: int) -> list[object]:
    _check_depth(levels)
    items = []
    for index, item in enumerate(value):
        try:
            items.append(_plain(item, levels))
        except NotCanonical as err:
            raise err.within(f"[{index}]") from None
    return items


def _object(value: Mapping[object, object], levels: int) -> dict[str, object]:
    _check_depth(levels)
    members = {}
    for key, item in value.items():
        if not isinstance(key, str):
            raise NotCanonical(f"has the key {key!r}: keys must be text.")
        try:
            members[_text(key)] = _plain(item, levels)
        except NotCanonical as err:
            raise err.within(f".{key}" if key.isascii() else f"[{key!r}]") from None
    return {key: members[key] for key in sorted(members, key=_utf_16)}


def _utf_16(key: str) -> bytes:
    return key.encode("utf-16-be")
