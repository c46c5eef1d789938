"""Personal texts of an event: the body holds a commitment to each, the text and its salt lie in a table of their own.

So a text can be taken out of the log, and the log stays what was sealed. Pure: knows no database.
"""

import hashlib
import re
import secrets
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from portal.audit.text import REDACTED, storable

MARK = "personal_sha256"  # the one key of a commitment
SALT_BYTES = 32
# Of one event's: with its body, a line that docs/verify_audit.py reads.
LARGEST_TEXTS = 250_000  # bytes of all
MOST_TEXTS = 1_000
LONGEST_FIELD = 512  # characters
LARGEST_REDACTION = 200_000  # bytes of the body of an event that says what is redacted
PLAINTEXT_VERSION = 1  # the version of bodies that held personal texts as they are
ACTOR_NAME, ADDRESS, TARGET_LABEL = "/actor/name", "/address", "/target/label"
LABELS = r"^/(target|related/[0-9]+)/label$"
_LEAF = (str, int, type(None))  # stands for nothing else, so nobody asks in which field it is
# A JSON pointer (RFC 6901) without anything to escape: it is a word in a column, and found by a trigger in a body.
_FIELD = re.compile(r"(/[a-z0-9_]+)+")


def is_field(text: str) -> bool:
    """Whether a commitment can stand there: a pointer of small letters, digits and underscores."""
    return len(text) <= LONGEST_FIELD and _FIELD.fullmatch(text) is not None


class NotCommittable(ValueError):
    """A personal text stands where none can, or a plain value says that it is one."""


@dataclass(frozen=True)
class Personal:
    """A text about a person, or that a person typed. Recorded as a commitment, kept beside the log."""

    text: str


@dataclass(frozen=True)
class SaltedText:
    """What opens the commitment in one field of a body."""

    field: str
    salt: bytes
    text: str


def commitment_to(salt: bytes, text: str) -> str:
    """SHA-256 of the salt, which always has 32 bytes, followed by the text in UTF-8. Only who has both can tell."""
    return hashlib.sha256(salt + text.encode()).hexdigest()


def opens(commitment: str | None, salt: bytes, text: bytes) -> bool:
    """Whether these are what was committed to. A salt of another length could share its border with the text."""
    return len(salt) == SALT_BYTES and hashlib.sha256(salt + text).hexdigest() == commitment


def committed(body: object) -> tuple[object, list[SaltedText]]:
    """The body with commitments in place of its personal texts, and what opens them. No text needs no commitment.

    Raises NotCommittable for a field that is no pointer of small letters, for what looks like a commitment, and for
    texts that are too many, or too long together.
    """
    texts: list[SaltedText] = []

    def commit(field: str, value: object) -> object:
        if not isinstance(value, Personal) or not is_field(field):
            raise NotCommittable(
                f"{field[:LONGEST_FIELD]!r} cannot be kept: use small letters and underscores, and {MARK} nowhere."
            )
        text = str(storable(value.text))
        if not text:
            return ""
        texts.append(SaltedText(field, secrets.token_bytes(SALT_BYTES), text))
        return {MARK: commitment_to(texts[-1].salt, text)}

    sealable = _replaced(body, commit)
    if len(texts) > MOST_TEXTS or sum(len(found.text.encode()) for found in texts) > LARGEST_TEXTS:
        limits = f"{MOST_TEXTS} texts, and {LARGEST_TEXTS} bytes together"
        raise NotCommittable(f"Its personal texts are more than {limits}: record less of them.")
    return sealable, texts


def commitments_in(body: Mapping[str, Any]) -> dict[str, str]:
    """The commitments of a body by their fields; none in a body of the time when texts stood in it.

    Raises NotCommittable where they stand at other fields, or are more, than are recorded.
    """
    found: dict[str, str] = {}
    if body["version"] > PLAINTEXT_VERSION:
        _collect(body, "", found)
    return found


def _collect(value: Mapping[str, Any] | list[Any], field: str, found: dict[str, str]) -> None:
    """Of what came from JSON; steps into nothing that can hold no commitment: a verifier does this for every event."""
    if isinstance(value, list):
        members: Iterable[tuple[int | str, Any]] = enumerate(value)
    elif MARK in value:
        if not is_field(field) or len(found) >= MOST_TEXTS:  # whoever may add events can write any, of any length
            raise NotCommittable(f"{field[:LONGEST_FIELD]!r} has a commitment too many, or is no field.")
        found[field] = value[MARK]
        return
    else:
        members = value.items()
    for name, member in members:
        if isinstance(member, dict | list):
            _collect(member, _within(field, name), found)


def _within(field: str, name: int | str) -> str:
    """The pointer one step further; no longer than shows that it is too long, as each member below would copy it."""
    return f"{field}/{name}"[: LONGEST_FIELD + 1]


def disclosed(body: Mapping[str, Any], texts: Mapping[str, str]) -> dict[str, Any]:
    """The body with its texts back in place, and REDACTED where there is none any more."""
    if body["version"] == PLAINTEXT_VERSION:
        return dict(body)
    shown: dict[str, Any] = _replaced(body, lambda field, _value: texts.get(field, REDACTED))
    return shown


def is_commitment(value: object) -> bool:
    """Whether this stands for a text."""
    return isinstance(value, dict) and MARK in value


def _replaced(value: Any, replace: Callable[[str, Any], Any], field: str = "") -> Any:
    if isinstance(value, Personal) or is_commitment(value):
        return replace(field, value)
    match value:
        case Mapping():
            return {
                key: item if isinstance(item, _LEAF) else _replaced(item, replace, _within(field, key))
                for key, item in value.items()
            }
        case list() | tuple():
            return [
                item if isinstance(item, _LEAF) else _replaced(item, replace, _within(field, place))
                for place, item in enumerate(value)
            ]
        case _:
            return value
