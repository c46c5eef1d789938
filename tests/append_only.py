"""Lets a test empty a table that only grows: its triggers step aside for a list of statements, and come back."""

from django.db.backends.base.base import BaseDatabaseWrapper

_TRUNCATE_TRIGGERS = """
    SELECT tgrelid::regclass::text, quote_ident(tgname) FROM pg_trigger
    WHERE NOT tgisinternal AND (tgtype & 32) <> 0 ORDER BY 1, 2
"""  # 32 is TRIGGER_TYPE_TRUNCATE
_SQLITE_TRIGGERS = "SELECT name, sql FROM sqlite_master WHERE type = 'trigger' ORDER BY name"


def without_append_only_triggers(connection: BaseDatabaseWrapper, statements: list[str]) -> list[str]:
    """The statements, between others that take the database's triggers away and put them back as they were."""
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute(_SQLITE_TRIGGERS)
            triggers = cursor.fetchall()
            before = [f'DROP TRIGGER "{name}"' for name, _ in triggers]
            after = [sql for _, sql in triggers]
        else:
            cursor.execute(_TRUNCATE_TRIGGERS)
            triggers = cursor.fetchall()
            before = [f"ALTER TABLE {table} DISABLE TRIGGER {name}" for table, name in triggers]
            after = [f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER {name}" for table, name in triggers]
    return [*before, *statements, *after]
