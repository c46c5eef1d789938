"""Reads rows as they are stored, without Django's conversions: a damaged value must be found, not stop the reading."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from django.db import connection
from psycopg import Cursor
from psycopg.pq import Format

Row = tuple[Any, ...]
# Bytes, or characters. Whoever may add events can add thousands of large ones, and a verification must not end for want
# of memory: what is larger is read by itself.
LARGE = 8_192
# On SQLite a column may hold a text, which is larger than every number, or a fraction: neither equals its cast.
_POSSIBLE = """
    tree_size = CAST(tree_size AS bigint)
    AND tree_size >= 1 AND tree_size <= (SELECT COUNT(*) FROM audit_auditleaf) + 1000000
"""
_SEALED_END = f"SELECT COALESCE(MAX(tree_size), 0) FROM audit_auditcheckpoint WHERE {_POSSIBLE}"  # noqa: S608  # ours
# Without a size, as a superuser can leave one, is neither possible nor not.
_IMPOSSIBLE = f"SELECT COUNT(*) FROM audit_auditcheckpoint WHERE ({_POSSIBLE}) IS NOT TRUE"  # noqa: S608  # ours


def rows(sql: str, parameters: Sequence[str | int] = ()) -> list[Row]:
    """All rows of one query; callers ask for a few thousand at a time."""
    with _cursor() as cursor, _any_text():
        cursor.execute(sql, parameters)
        return list(cursor.fetchall())


@contextmanager
def _cursor() -> Iterator[Any]:
    """On PostgreSQL values come as they are stored: as text, each byte of a body would be two on the way."""
    if connection.vendor != "postgresql":
        with connection.cursor() as cursor:
            yield cursor
        return
    connection.ensure_connection()
    with connection.wrap_database_errors, Cursor(connection.connection) as cursor:
        cursor.format = Format.BINARY
        yield cursor


def sealed_end() -> int:
    """How many events the last checkpoint covers, of those that can be true: some leaves may have been removed."""
    ((size,),) = rows(_SEALED_END)
    return int(size)


def impossible_checkpoints() -> int:
    """How many checkpoints claim a size that the log cannot have had, or none."""
    ((count,),) = rows(_IMPOSSIBLE)
    return int(count)


def plain(column: str) -> str:
    """A column of time in SQL, so that a damaged one does not stop the reading.

    Nothing stands in place of what is no text on SQLite, and of what Python has no time for on PostgreSQL, as infinity.
    """
    if connection.vendor == "sqlite":
        return f"CASE WHEN typeof({column}) = 'text' THEN {column} END"
    return f"CASE WHEN {column} > '0001-01-02' AND {column} < '9999-12-30' THEN {column} END"


def if_small(column: str) -> str:
    """A column in SQL that is NULL where it is LARGE."""
    return f"CASE WHEN length({column}) <= {LARGE} THEN {column} END"


def size_of(column: str) -> str:
    """How much a column in SQL holds, whatever type a superuser gave it: in bytes, on PostgreSQL as written in text."""
    return f"COALESCE(length(CAST({column} AS {'text' if connection.vendor == 'postgresql' else 'blob'})), 0)"


def as_bytes(value: Any) -> bytes:
    """What a column of bytes holds. SQLite would keep the same bytes as a text too, which says something else."""
    return bytes(value) if isinstance(value, bytes | memoryview) else repr(value).encode()


def as_utf8(value: Any) -> bytes:
    """The bytes of what a column of text holds, whether or not they are UTF-8."""
    return value.encode(errors="surrogateescape") if isinstance(value, str) else repr(value).encode()


def as_text(value: Any) -> str:
    """What a column of text holds, as text that can be encoded again."""
    return as_utf8(value).decode(errors="replace")


def as_stored(value: object) -> object:
    """What the database gives back for a value of Python: SQLite has neither times nor UUIDs."""
    if connection.vendor == "sqlite":
        if isinstance(value, UUID):
            return value.hex
        if isinstance(value, datetime):
            return str(value.astimezone(UTC).replace(tzinfo=None))
    return value


@contextmanager
def _any_text() -> Iterator[None]:
    """SQLite alone lets a text hold what is no UTF-8."""
    if connection.vendor != "sqlite":
        yield
        return
    raw = connection.connection
    before, raw.text_factory = raw.text_factory, lambda stored: stored.decode(errors="surrogateescape")
    try:
        yield
    finally:
        raw.text_factory = before
