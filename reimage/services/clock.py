"""The one clock that decides: the database's. A host whose own clock is wrong changes nothing by it."""

from datetime import UTC, datetime

from django.db import connection


def database_now() -> datetime:
    """The database's time at this statement, with its zone; one query."""
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute("SELECT STRFTIME('%Y-%m-%d %H:%M:%f', 'NOW')")
            return datetime.fromisoformat(cursor.fetchone()[0]).replace(tzinfo=UTC)
        cursor.execute("SELECT STATEMENT_TIMESTAMP()")
        now: datetime = cursor.fetchone()[0]
        return now
