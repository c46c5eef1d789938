"""Puts events into the log's table as they are, thousands at a time."""

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any

from django.db import connection, transaction

from portal.audit.insertion import COLUMNS, MARKS, row_of
from portal.audit.projection import columns_of
from tests.bench.audit.stories import Written

BATCH = 20_000
INSERT = f"INSERT INTO audit_auditevent ({COLUMNS}) VALUES ({MARKS})"  # noqa: S608  # our own columns


def insert(written: Iterable[Written]) -> None:
    """In transactions of BATCH."""
    rows = _rows_of(written)
    while batch := list(islice(rows, BATCH)):
        with transaction.atomic(), connection.cursor() as cursor:
            if connection.vendor == "postgresql":
                _copy(cursor, batch)
            else:
                cursor.executemany(INSERT, batch)


def _rows_of(written: Iterable[Written]) -> Iterator[list[Any]]:
    for event in written:
        yield row_of(columns_of(event.body) | {"body": event.body, "digest": event.digest})


def _copy(cursor: Any, rows: list[list[Any]]) -> None:
    with cursor.copy(f"COPY audit_auditevent ({COLUMNS}) FROM STDIN") as copy:
        for row in rows:
            copy.write_row(row)
