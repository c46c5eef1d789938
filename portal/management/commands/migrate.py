"""Django's `migrate`, with the time that a change of the schema needs instead of that of a page."""

from typing import Any

from django.core.management.commands import migrate
from django.db import connections

from portal.postgresql import unhurried


class Command(migrate.Command):
    """A statement may take as long as it needs, for an index over many rows; waiting for a lock may not.

    Everybody else waits behind a migration that waits for a lock. After lock_timeout it gives up, having changed
    nothing of its transaction, and is started again.
    """

    def handle(self, *args: Any, **options: Any) -> str | None:
        with unhurried(connections[options["database"]]):
            return super().handle(*args, **options)
