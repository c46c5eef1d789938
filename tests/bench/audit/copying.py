"""Puts events and their personal texts into the log's tables as they are, thousands at a time."""

from collections.abc import Iterable, Sequence
from itertools import count, islice
from typing import Any

from django.db import connection, transaction
from django.db.models import Max

from portal.audit.insertion import COLUMNS, row_of
from portal.audit.models import AuditEvent
from portal.audit.projection import columns_of
from tests.bench.audit.stories import Written

BATCH = 20_000
EVENTS = f"audit_auditevent (id, {COLUMNS})"
TEXTS = "audit_auditpersonaltext (event_id, field, salt, text)"


def insert(written: Iterable[Written]) -> None:
    """In transactions of BATCH."""
    keys, events = count((AuditEvent.objects.aggregate(key=Max("pk"))["key"] or 0) + 1), iter(written)
    while batch := list(zip(keys, islice(events, BATCH), strict=False)):
        with transaction.atomic():
            _insert(EVENTS, [_event(key, event) for key, event in batch])
            _insert(TEXTS, [(key, one.field, one.salt, one.text) for key, event in batch for one in event.texts])
            if connection.vendor == "postgresql":
                with connection.cursor() as cursor:
                    cursor.execute("SELECT setval('audit_auditevent_id_seq', %s)", [batch[-1][0]])


def _event(key: int, event: Written) -> list[Any]:
    return [key, *row_of(columns_of(event.body) | {"body": event.body, "digest": event.digest})]


def _insert(into: str, rows: Sequence[Sequence[Any]]) -> None:
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            with cursor.copy(f"COPY {into} FROM STDIN") as copy:
                for row in rows:
                    copy.write_row(row)
        elif rows:
            marks = ", ".join(["%s"] * len(rows[0]))
            cursor.executemany(f"INSERT INTO {into} VALUES ({marks})", rows)  # noqa: S608  # our own
