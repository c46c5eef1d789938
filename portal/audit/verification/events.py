"""Holds events against their bodies and leaves: digest, every column, leaf hash, and that no place is empty."""

import hashlib
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from operator import itemgetter
from typing import Any

from portal.audit.folding import folded_by_python
from portal.audit.form import NotAnEvent, event_and_commitments
from portal.audit.models import AuditEvent
from portal.audit.projection import columns_of_event
from portal.audit.sealing.checkpoints import LARGEST_SIZE
from portal.audit.sealing.merkle import leaf_hash
from portal.audit.verification.personal import PersonalTexts, texts_can_be_held
from portal.audit.verification.reading import Row, as_bytes, as_stored, if_small, plain, rows
from portal.audit.verification.verdict import Verdict

CHUNK = 2_000  # rows read at a time, by each process
MOST_LARGE = 20  # of them with a large body, which can have as many commitments as all others
LATE = timedelta(minutes=15)
PROJECTED = tuple(
    field.name for field in AuditEvent._meta.concrete_fields if field.name not in ("id", "body", "digest")
)
_projected = itemgetter(*PROJECTED)
_LARGE = {"body": 3, **{name: 5 + PROJECTED.index(name) for name in ("search_text", "personal_fields")}}  # in a row
_WHOLE = f"SELECT {', '.join(_LARGE)} FROM audit_auditevent WHERE id = %s"  # noqa: S608  # our own columns
# Sequence and digest of the event before, within each subject.
_BROKEN_CHAINS = """
    SELECT id, subject, sequence FROM (
      SELECT id, subject, sequence, previous_digest,
             LAG(sequence) OVER chain AS sequence_before, LAG(digest) OVER chain AS digest_before
      FROM audit_auditevent WHERE subject <> ''
      WINDOW chain AS (PARTITION BY subject ORDER BY sequence)
    ) AS chained
    WHERE sequence <> COALESCE(sequence_before, 0) + 1 OR previous_digest <> COALESCE(digest_before, '')
    LIMIT 200
"""


@dataclass
class Segment:
    """The leaves of [start, end): their stored hashes one after the other, None from the first gap on."""

    start: int
    end: int
    hashes: bytes = b""
    is_whole: bool = True
    verdict: Verdict = field(default_factory=Verdict)
    late: list[int] = field(default_factory=list)


def check_segment(start: int, end: int, sealed: int) -> Segment:
    """Checks the events of these leaf indexes, in a log of which so many were sealed when the verification began."""
    segment, hashes, expected = Segment(start, end), bytearray(), start
    sealing_times = _SealingTimes(start)
    for events in _parts(start, end):
        # After the events: none of them comes without its texts.
        texts = PersonalTexts(_keys_of(events), sealed)
        for row in events:
            index, stored_hash = row[0], as_bytes(row[1])
            if index != expected:
                _note_gap(segment, expected, index)
            expected = index + 1
            hashes += stored_hash.ljust(32)[:32]
            segment.verdict.found(
                f"event #{index + 1}{_name_of(row)}: {words}" for words in _problems(_whole(row), texts)
            )
            if sealing_times.is_late(index, row[5 + PROJECTED.index("occurred_at")]):
                segment.late.append(index + 1)
        segment.verdict.found(texts.unexplained())
    if expected != end:
        _note_gap(segment, expected, end)
    segment.hashes = bytes(hashes)
    return segment


def _parts(start: int, end: int) -> Iterator[list[Row]]:
    """The events of these leaf indexes, as many at a time as their texts can be held of."""
    for first in range(start, end, CHUNK):
        yield from _halved(_sealed_events(first, min(first + CHUNK, end)))


def _halved(events: list[Row]) -> Iterator[list[Row]]:
    large = sum(row[2] is not None and row[3] is None for row in events)
    if len(events) < 2 or (large <= MOST_LARGE and texts_can_be_held(_keys_of(events))):
        yield events
        return
    middle = len(events) // 2
    yield from _halved(events[:middle])
    yield from _halved(events[middle:])


def _keys_of(events: list[Row]) -> list[int]:
    return [row[2] for row in events if row[2] is not None]


def _sealed_events(start: int, end: int) -> list[Row]:
    """Without what is large of them."""
    columns = map(_column, ("id", "body", "digest", *PROJECTED))
    return rows(
        f"""
        SELECT leaf.leaf_index, leaf.leaf_hash, {", ".join(columns)}
        FROM audit_auditleaf leaf LEFT JOIN audit_auditevent event ON event.id = leaf.event_id
        WHERE leaf.leaf_index >= %s AND leaf.leaf_index < %s ORDER BY leaf.leaf_index
        """,  # noqa: S608  # columns of our own model
        (start, end),
    )


def _column(name: str) -> str:
    column = f"event.{name}"
    if name in _LARGE:
        return if_small(column)
    return plain(column) if name == "occurred_at" else column


def _whole(row: Row) -> Row:
    """With what was too large to come with all others."""
    if row[2] is None or None not in [row[place] for place in _LARGE.values()]:
        return row
    found = next(iter(rows(_WHOLE, (row[2],))), [None] * len(_LARGE))  # removed since
    whole = list(row)
    for place, value in zip(_LARGE.values(), found, strict=True):
        whole[place] = value
    return tuple(whole)


def broken_chains() -> Iterator[str]:
    """Events that do not follow the one before within their subject."""
    for key, subject, sequence in rows(_BROKEN_CHAINS):
        yield f"event {sequence} of {subject!r} (row {key}): the one before it is missing or was changed"


def _note_gap(segment: Segment, expected: int, found: int) -> None:
    segment.is_whole = False
    segment.verdict.found([f"event #{expected + 1}: its leaf is missing ({found - expected} in a row)"])


def _name_of(row: Row) -> str:
    return f" ({row[5 + PROJECTED.index('event_id')]})" if row[2] is not None else ""


def _problems(row: Row, texts: PersonalTexts) -> Iterator[str]:
    index, index_hash, key, body, digest = row[0], as_bytes(row[1]), row[2], row[3], row[4]
    if key is None:
        yield "it was removed; only its leaf is left"
        return
    body = as_bytes(body)
    if hashlib.sha256(body).hexdigest() != digest:
        yield "its digest is not that of its body"
    if leaf_hash(body) != index_hash:
        yield "its body is not the one that was sealed, or its leaf was changed"
    try:
        event, commitments = event_and_commitments(body)
    except NotAnEvent as err:
        yield f"its body is no event: {err}"
        return
    expected = _projected(columns_of_event(event, commitments))
    if expected != row[5:]:
        yield from _differences(expected, row[5:])
    yield from texts.problems_with(index, key, event["event_id"], commitments)


def _differences(expected: Row, stored: Row) -> Iterator[str]:
    for column, value, found in zip(PROJECTED, expected, stored, strict=True):
        if as_stored(value) != found and not (column == "search_text" and _was_folded_by_python(value, found)):
            yield f"column {column} is not what its body says"


def _was_folded_by_python(text: str, found: Any) -> bool:
    """As before searches were folded alike under every Python. No other text passes for it."""
    return bool(found == folded_by_python(text))


class _SealingTimes:
    """When each event was sealed, asked for in the order of the leaves."""

    def __init__(self, start: int) -> None:
        self._times = _sealing_times(start)
        self._size, self._sealed_at = start, None

    def is_late(self, index: int, occurred_at: Any) -> bool:
        """Whether an event says that it happened long before it was sealed, or after."""
        while self._size <= index:
            self._size, self._sealed_at = next(self._times, (index + 1, None))
        happened, sealed = _moment(occurred_at), _moment(self._sealed_at)
        return happened is not None and sealed is not None and not -LATE < sealed - happened < LATE


def _sealing_times(after: int) -> Iterator[tuple[int, Any]]:
    query = f"""
        SELECT tree_size, {plain("sealed_at")} FROM audit_auditcheckpoint
        WHERE tree_size > %s AND tree_size <= {LARGEST_SIZE} ORDER BY tree_size LIMIT {CHUNK}
    """  # noqa: S608  # a column of our own model
    while chunk := rows(query, (after,)):
        yield from ((size, sealed_at) for size, sealed_at in chunk)
        after = chunk[-1][0]


def _moment(stored: Any) -> datetime | None:
    if isinstance(stored, str):
        with suppress(ValueError):
            return datetime.fromisoformat(f"{stored}+00:00")
    return stored if isinstance(stored, datetime) else None
