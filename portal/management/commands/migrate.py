"""Django's `migrate`, with the time that a change of the schema needs instead of that of a page."""

from typing import Any

from django.core.management.commands import migrate
from django.db import connections


class Command(migrate.Command):
    """A statement may take as long as it needs, for an index over many rows; waiting for a lock may not.

    Everybody else waits behind a migration that waits for a lock. After lock_timeout it gives up, having changed
    nothing of its transaction, and is started again.
    """

    def handle(self, *args: Any, **options: Any) -> str | None:
        connection = connections[options["database"]]
        if connection.vendor != "postgresql":
            return super().handle(*args, **options)
        with connection.cursor() as cursor:
            cursor.execute("SET statement_timeout = 0")
        done = super().handle(*args, **options)
        with connection.cursor() as cursor:
            cursor.execute("RESET statement_timeout")
        return done
