"""Holds personal texts against the commitments in the sealed bodies: none changed, and none gone but by redaction."""

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any
from uuid import UUID

from portal.audit.personal import LARGEST_TEXTS, SALT_BYTES
from portal.audit.sealing.checkpoints import LARGEST_SIZE
from portal.audit.verification.reading import Row, as_bytes, as_stored, as_utf8, rows
from portal.audit.verification.verdict import NotYet

CHUNK = 500
Fields = dict[str, set[str]]  # by event id
_STRAY = """
    SELECT personal.id FROM audit_auditpersonaltext personal
    LEFT JOIN audit_auditevent event ON event.id = personal.event_id WHERE event.id IS NULL LIMIT 200
"""
# A redaction counts from its place in the log on: before that, anybody who can add a row could excuse a removal by it.
_REDACTIONS = """
    SELECT event.id, event.body, leaf.leaf_index
    FROM audit_auditevent event LEFT JOIN audit_auditleaf leaf ON leaf.event_id = event.id
    WHERE event.action = 'audit.redacted'
"""


class PersonalTexts:
    """The texts of some events by their keys, and which of their commitments nothing opens any more.

    `sealed`: how many events were sealed when the verification began.
    """

    def __init__(self, keys: Sequence[int], sealed: int) -> None:
        self._sealed = sealed
        self._texts: dict[int, list[Row]] = {}
        query = f"""
            SELECT event_id, field, salt, text FROM audit_auditpersonaltext
            WHERE event_id IN ({", ".join(map(str, map(int, keys)))})
        """  # noqa: S608  # whole numbers: as parameters they would take longer than the rows
        for key, *row in rows(query) if keys else ():
            self._texts.setdefault(key, []).append(tuple(row))
        self._missing: list[tuple[int, str, str]] = []

    def problems_with(self, index: int, key: int, event_id: str, commitments: Mapping[str, str]) -> Iterator[str]:
        """What is wrong with the texts of this event, whose body has this id and these commitments."""
        texts = self._texts.get(key, ())
        if texts and sum(len(as_utf8(text)) for *_, text in texts) > LARGEST_TEXTS:
            yield "its personal texts are longer than any that are recorded"
        for field, salt, text in texts:
            if field not in commitments:
                yield f"there is a personal text {field}, to which its body has no commitment"
            elif not _opens(commitments[field], as_bytes(salt), as_utf8(text)):
                yield f"its personal text {field}, or the salt of it, is not what was recorded"
        if commitments:
            there = {field for field, *_ in texts}
            self._missing += [(index, event_id, field) for field in commitments if field not in there]

    def unexplained(self) -> Iterator[str]:
        """Texts that are gone though no event says that they are redacted; asked for after the texts were read."""
        explained, waiting = _redacted(sorted({event_id for _, event_id, _ in self._missing}), self._sealed)
        for index, event_id, field in self._missing:
            removed = f"event #{index + 1}: its personal text {field} was removed"
            if field in explained.get(event_id, ()):
                continue
            if field in waiting.get(event_id, ()):
                yield NotYet(f"{removed}, and the redaction is not sealed yet")
            else:
                yield f"{removed}, and no event says that it was redacted"


def misplaced_texts(sealed: int) -> Iterator[str]:
    """Texts that belong to no event, and texts that are there although an event says that they are redacted.

    `sealed`: how many events were sealed when the verification began.
    """
    for (key,) in rows(_STRAY):
        yield f"personal text {key} (its row) belongs to no event"
    after = -LARGEST_SIZE - 1
    # The events before the texts: whoever sees the event of a redaction no longer sees what it removed.
    while chunk := rows(f"{_REDACTIONS} AND event.id > %s ORDER BY event.id LIMIT %s", (after, CHUNK)):
        after = chunk[-1][0]
        said, waiting = _said_by([found[1:] for found in chunk], sealed)
        for event_id, field in _standing(said.keys() | waiting.keys()):
            there = f"event {event_id}: its personal text {field} is there, although it is said to be redacted"
            if field in said.get(event_id, ()):
                yield there
            elif field in waiting.get(event_id, ()):
                yield NotYet(f"{there} by an event that is not sealed yet")


def _standing(event_ids: Iterable[str]) -> Iterator[tuple[str, str]]:
    keys = [str(as_stored(UUID(event_id))) for event_id in event_ids]
    query = f"""
        SELECT event.event_id, personal.field FROM audit_auditpersonaltext personal
        JOIN audit_auditevent event ON event.id = personal.event_id WHERE event.event_id IN ({_marks(keys)})
    """  # noqa: S608  # marks
    return ((str(UUID(str(event_id))), field) for event_id, field in (rows(query, keys) if keys else ()))


def _redacted(event_ids: Sequence[str], sealed: int) -> tuple[Fields, Fields]:
    """The fields of these events that are said to be redacted; apart, by redactions that are not sealed yet."""
    found: list[Row] = []
    for start in range(0, len(event_ids), CHUNK):
        chunk = event_ids[start : start + CHUNK]
        query = f"{_REDACTIONS} AND event.target_id IN ({_marks(chunk)})"
        found += [row[1:] for row in rows(query, chunk)]
    return _said_by(found, sealed) if found else ({}, {})


def _said_by(redactions: Sequence[Row], sealed: int) -> tuple[Fields, Fields]:
    """What these (body, leaf index) say; apart, what those say that no checkpoint covers."""
    # Not of what was sealed meanwhile, which nobody has verified: that is for the next time.
    is_sealed = [isinstance(index, int) and 0 <= index < sealed for _, index in redactions]
    said = _fields_of(body for (body, _), sealed in zip(redactions, is_sealed, strict=True) if sealed)
    waiting = _fields_of(body for (body, _), sealed in zip(redactions, is_sealed, strict=True) if not sealed)
    return said, waiting


def _fields_of(bodies: Iterable[Any]) -> Fields:
    """What redactions say, by the event that they are about; a body that is none says nothing."""
    said: Fields = {}
    for stored in bodies:
        try:
            body = json.loads(as_bytes(stored))
            said.setdefault(str(UUID(body["target"]["id"])), set()).update(body["detail"]["fields"])
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
            continue
    return said


def _opens(commitment: str, salt: bytes, text: bytes) -> bool:
    # A salt of another length could share its border with the text.
    return len(salt) == SALT_BYTES and hashlib.sha256(salt + text).hexdigest() == commitment


def _marks(values: Sequence[str]) -> str:
    return ", ".join(["%s"] * len(values))
