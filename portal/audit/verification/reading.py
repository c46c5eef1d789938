"""Reads rows as they are stored, without Django's conversions: a damaged value must be found, not stop the reading."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from django.db import connection

Row = tuple[Any, ...]


def rows(sql: str, parameters: Sequence[str | int] = ()) -> list[Row]:
    """All rows of one query; callers ask for a few thousand at a time."""
    with connection.cursor() as cursor, _any_text():
        cursor.execute(sql, parameters)
        return list(cursor.fetchall())


def plain(column: str) -> str:
    """A column of time in SQL. On SQLite as its text: made a time of, a damaged one would stop the reading."""
    return f"{column} || ''" if connection.vendor == "sqlite" else column


def as_bytes(value: Any) -> bytes:
    """A stored value as bytes, whatever an attacker put into its place."""
    if isinstance(value, str):
        return value.encode(errors="surrogateescape")
    return bytes(value) if isinstance(value, bytes | memoryview) else repr(value).encode()


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
