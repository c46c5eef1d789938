"""What a superuser can do: change the tables with the triggers off."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from django.db import connection

TABLES = (
    "audit_auditevent",
    "audit_auditpersonaltext",
    "audit_auditleaf",
    "audit_auditsubtree",
    "audit_auditcheckpoint",
)


@contextmanager
def triggers_off() -> Iterator[None]:
    """For the length of a block, within the test's own transaction."""
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger' AND name LIKE 'audit_%%'", [])
            triggers = cursor.fetchall()
            off, on = [f'DROP TRIGGER "{name}"' for name, _ in triggers], [sql for _, sql in triggers]
        else:
            off = [f"ALTER TABLE {table} DISABLE TRIGGER USER" for table in TABLES]
            on = [f"ALTER TABLE {table} ENABLE TRIGGER USER" for table in TABLES]
        for statement in off:
            cursor.execute(statement)
        yield
        for statement in on:
            cursor.execute(statement)


def run(*statements: str, parameters: Sequence[object] = ()) -> None:
    """SQL as it is, past every model."""
    with triggers_off(), connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement, parameters or None)
