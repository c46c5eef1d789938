"""Holds personal texts against the commitments in the sealed bodies: none changed, and none gone but by redaction."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from typing import Any
from uuid import UUID

from portal.audit.catalogue import AUDIT_REDACTED
from portal.audit.form import NotAnEvent, event_in
from portal.audit.personal import LARGEST_TEXTS, MOST_TEXTS, SALT_BYTES, is_field, opens
from portal.audit.sealing.checkpoints import LARGEST_SIZE
from portal.audit.verification.reading import Row, as_bytes, as_stored, as_utf8, if_small, rows, size_of
from portal.audit.verification.verdict import NotYet

CHUNK = 100
# Of so many events at a time that theirs are no more.
MOST_HELD, LARGEST_HELD = 20_000, 8_000_000  # rows, and characters; on SQLite bytes
LARGEST_SALT = 4 * SALT_BYTES  # as PostgreSQL writes its bytes at the most
WIDEST = 2  # events' rows in a range to events that are asked for
Fields = dict[str, set[str]]  # by event id
_STRAY = """
    SELECT personal.id FROM audit_auditpersonaltext personal
    LEFT JOIN audit_auditevent event ON event.id = personal.event_id WHERE event.id IS NULL LIMIT 200
"""
# A redaction counts from its place in the log on: before that, anybody who can add a row could excuse a removal by it.
_REDACTIONS = f"""
    SELECT event.id, {if_small("event.body")}, leaf.leaf_index
    FROM audit_auditevent event LEFT JOIN audit_auditleaf leaf ON leaf.event_id = event.id
    WHERE event.action = 'audit.redacted'
"""  # noqa: S608  # ours


@dataclass(frozen=True, slots=True)
class Redaction:
    """These fields of this event are redacted, by its word."""

    event_id: str
    fields: set[str]
    is_sealed: bool


def texts_can_be_held(keys: Sequence[int]) -> bool:
    """Whether the texts of these events, and salts, are as few and short as can be held; of one, as are recorded."""
    if not keys:
        return True
    size = f"COALESCE(SUM({size_of('text')} + {size_of('salt')}), 0)"
    query = f"SELECT COUNT(*), {size} FROM audit_auditpersonaltext WHERE {_of(keys)}"  # noqa: S608  # whole numbers
    ((count, size_of_all),) = rows(query)
    most, largest = (MOST_TEXTS, LARGEST_TEXTS) if len(keys) == 1 else (MOST_HELD, LARGEST_HELD)
    return bool(count <= most and size_of_all <= largest + count * LARGEST_SALT)


def _of(keys: Sequence[int]) -> str:
    """As a range where they stand close together: a database takes longer to read a list of them than to find the rows.

    With it come the texts of what stands between them. Whoever may add events can give them numbers that lie far apart.
    """
    numbers = list(map(int, keys))
    first, last = min(numbers), max(numbers)
    if last - first < WIDEST * len(numbers):
        return f"event_id BETWEEN {first} AND {last}"
    return f"event_id IN ({', '.join(map(str, numbers))})"


class PersonalTexts:
    """The texts of some events by their keys, and which of their commitments nothing opens any more.

    `sealed`: how many events were sealed when the verification began.
    """

    def __init__(self, keys: Sequence[int], sealed: int) -> None:
        self._sealed = sealed
        self._texts: dict[int, list[Row]] = {}
        columns = "event_id, field, salt, text"
        query = f"SELECT {columns} FROM audit_auditpersonaltext WHERE {_of(keys)}"  # noqa: S608  # whole numbers
        self._are_too_many = len(keys) == 1 and not texts_can_be_held(keys)
        for key, *row in rows(query) if keys and not self._are_too_many else ():
            self._texts.setdefault(key, []).append(tuple(row))
        self._missing: list[tuple[int, str, str]] = []

    def problems_with(self, index: int, key: int, event_id: str, commitments: Mapping[str, str]) -> Iterator[str]:
        """What is wrong with the texts of this event, whose body has this id and these commitments."""
        if self._are_too_many:
            yield "its personal texts are more, or longer, than any that are recorded"
            return
        texts = self._texts.get(key, ())
        if texts and sum(len(as_utf8(text)) for *_, text in texts) > LARGEST_TEXTS:
            yield "its personal texts are more, or longer, than any that are recorded"
        for field, salt, text in texts:
            if field not in commitments:
                yield f"there is a personal text {field}, to which its body has no commitment"
            elif not opens(commitments[field], as_bytes(salt), as_utf8(text)):
                yield f"its personal text {field}, or the salt of it, is not what was recorded"
        if commitments:
            there = {field for field, *_ in texts}
            self._missing += [(index, event_id, field) for field in commitments if field not in there]

    def unexplained(self) -> Iterator[str]:
        """Texts that are gone though no event says that they are redacted; asked for after the texts were read."""
        missing: Fields = {}
        for _, event_id, field in self._missing:
            missing.setdefault(event_id, set()).add(field)
        explained, waiting = _redacted(missing, self._sealed)
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
    # The events before the texts: whoever sees the event of a redaction no longer sees what it removed.
    redactions = _redactions(sealed)
    while batch := list(islice(redactions, CHUNK)):
        said, waiting = Fields(), Fields()
        for redaction in batch:
            fields = said if redaction.is_sealed else waiting
            fields.setdefault(redaction.event_id, set()).update(redaction.fields)
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


def _redacted(missing: Fields, sealed: int) -> tuple[Fields, Fields]:
    """Which of these fields are said to be redacted; apart, by redactions that are not sealed yet."""
    explained, waiting, event_ids = Fields(), Fields(), sorted(missing)
    for start in range(0, len(event_ids), CHUNK):
        chunk = event_ids[start : start + CHUNK]
        for redaction in _redactions(sealed, f"AND event.target_id IN ({_marks(chunk)})", chunk):
            fields = explained if redaction.is_sealed else waiting
            found = missing.get(redaction.event_id, set()) & redaction.fields
            fields.setdefault(redaction.event_id, set()).update(found)
    return explained, waiting


def _redactions(sealed: int, condition: str = "", parameters: Sequence[str] = ()) -> Iterator[Redaction]:
    """What redactions say, one after the other; a body that is no event says nothing.

    Not sealed is what was sealed meanwhile, too, which nobody has verified: that is for the next time.
    """
    query = f"{_REDACTIONS} {condition} AND event.id > %s ORDER BY event.id LIMIT {CHUNK}"
    after = -LARGEST_SIZE - 1
    while chunk := rows(query, (*parameters, after)):
        after = chunk[-1][0]
        for key, body, index in chunk:
            with suppress(NotAnEvent, ValueError):
                event = event_in(as_bytes(_large_body(key) if body is None else body))
                if event["action"] != AUDIT_REDACTED.name:  # whatever its column says: it has no fields that are texts
                    continue
                is_sealed = isinstance(index, int) and 0 <= index < sealed
                fields = set(filter(is_field, event["detail"]["fields"]))  # nothing else can be one, and it may be long
                yield Redaction(str(UUID(event["target"]["id"])), fields, is_sealed)


def _large_body(key: int) -> Any:
    return next((body for (body,) in rows("SELECT body FROM audit_auditevent WHERE id = %s", (key,))), None)


def _marks(values: Sequence[str]) -> str:
    return ", ".join(["%s"] * len(values))
