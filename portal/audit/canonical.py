"""Canonical JSON: one value, one sequence of bytes, so that a digest can be computed again by anyone.

RFC 8785 restricted to what needs no judgement: no floats, strings in Unicode form NFC, times in UTC with
microseconds. Anything else is refused, never guessed.
"""

import json
import unicodedata
from collections.abc import Mapping
from datetime import UTC, datetime
from uuid import UUID

# RFC 8785 section 3.2.2.3: beyond this an IEEE 754 reader no longer sees the same number.
LARGEST_INTEGER = 2**53 - 1
_to_json = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


class NotCanonical(ValueError):
    """A value has no canonical form; the message says where it stands and how to mend it."""


def canonical_bytes(value: object) -> bytes:
    """The value as UTF-8 JSON; raises NotCanonical for whatever has no single form."""
    return _to_json(_plain(value, "value")).encode()


def canonical_time(moment: datetime) -> str:
    """An aware time as RFC 3339 text in UTC, always with six digits of the second."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def _plain(value: object, where: str) -> object:
    match value:
        case None | bool():
            return value
        case str():
            return _text(value, where)
        case int():
            return _integer(value, where)
        case datetime():
            return _time(value, where)
        case UUID():
            return str(value)
        case dict() | Mapping():  # a mapping of another kind takes long to be known as one
            return _object(value, where)
        case list() | tuple():
            return [_plain(item, f"{where}[{index}]") for index, item in enumerate(value)]
        case float():
            raise NotCanonical(f"{where} is a float: use an integer in a smaller unit, or text.")
        case _:
            raise NotCanonical(f"{where} is a {type(value).__name__}: turn it into text, integers, lists or mappings.")


def _text(value: str, where: str) -> str:
    text = str.__str__(value)  # an enumeration's value rather than its name
    if text.isascii():
        return text
    if not unicodedata.is_normalized("NFC", text):
        raise NotCanonical(f"{where} is not in Unicode form NFC: normalise it first.")
    if any("\ud800" <= character <= "\udfff" for character in text):
        raise NotCanonical(f"{where} holds half a surrogate pair, which UTF-8 cannot express: replace it first.")
    return text


def _integer(value: int, where: str) -> int:
    if abs(value) > LARGEST_INTEGER:
        raise NotCanonical(f"{where} is beyond ±{LARGEST_INTEGER}: write it as text.")
    return int(value)


def _time(value: datetime, where: str) -> str:
    if value.utcoffset() is None:
        raise NotCanonical(f"{where} is a time without a zone: use django.utils.timezone.now().")
    return canonical_time(value)


def _object(value: Mapping[object, object], where: str) -> dict[str, object]:
    members = {}
    for key, item in value.items():
        if not isinstance(key, str):
            raise NotCanonical(f"{where} has the key {key!r}: keys must be text.")
        members[_text(key, f"{where} key {key!r}")] = _plain(item, f"{where}.{key}")
    return dict(sorted(members.items(), key=lambda member: member[0].encode("utf-16-be")))
