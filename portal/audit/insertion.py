"""Puts an event into its table by one statement that is written once.

Building it anew for each event, as a model does, and asking for the last event through a queryset, took more of the
processor than all the rest of an append (docs/performance.md, `audit_appends`).
"""

from collections.abc import Mapping, Sequence
from typing import Any

from django.db import DEFAULT_DB_ALIAS, connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.utils import CursorWrapper
from django.db.models import Field

from portal.audit.models import AuditEvent
from portal.audit.personal import SaltedText
from portal.postgresql import prepared_cursor

FIELDS = [field for field in AuditEvent._meta.concrete_fields if not field.primary_key]
NAMES = [field.name for field in FIELDS]
COLUMNS = ", ".join(str(field.column) for field in FIELDS)
MARKS = ", ".join(["%s"] * len(FIELDS))
_INSERTION = f"INSERT INTO audit_auditevent ({COLUMNS}) VALUES ({MARKS}) RETURNING id"  # noqa: S608  # our own columns
_TEXTS = "INSERT INTO audit_auditpersonaltext (event_id, field, salt, text) VALUES"
_TEXT_MARKS = "(%s, %s, %s, %s)"
_LAST = "SELECT sequence, digest FROM audit_auditevent WHERE subject = %s ORDER BY sequence DESC LIMIT 1"


def row_of(values: Mapping[str, Any]) -> list[Any]:
    """The columns' values in the order of FIELDS, as the database takes them."""
    database = connections[DEFAULT_DB_ALIAS]
    return [_adapted(field, values[field.name], database) for field in FIELDS]


def _adapted(field: "Field[Any, Any]", value: Any, database: BaseDatabaseWrapper) -> Any:
    """Texts and numbers are what every database takes."""
    return value if isinstance(value, str | int) else field.get_db_prep_save(value, database)


def log_cursor() -> CursorWrapper:
    """For the statements of one event."""
    return prepared_cursor(connections[DEFAULT_DB_ALIAS])  # `django.db.connection` looks for it at each attribute


def next_place(cursor: CursorWrapper, subject: str) -> tuple[int, str]:
    """The next number of a subject, and the digest of its event before."""
    cursor.execute(_LAST, [subject])
    last = cursor.fetchone()
    return (last[0] + 1, last[1]) if last else (1, "")


def insert(cursor: CursorWrapper, values: Mapping[str, Any], texts: Sequence[SaltedText] = ()) -> AuditEvent:
    """Inserts an event of these columns, and its personal texts; returns it."""
    cursor.execute(_INSERTION, row_of(values))
    (key,) = cursor.fetchone()
    if texts:
        rows = [part for found in texts for part in (key, found.field, found.salt, found.text)]
        cursor.execute(f"{_TEXTS} {', '.join([_TEXT_MARKS] * len(texts))}", rows)
    return AuditEvent.from_db(DEFAULT_DB_ALIAS, ["id", *NAMES], [key, *(values[name] for name in NAMES)])
