"""What only PostgreSQL has: a second connection of the tests' own, and sessions that can be ended from outside."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
import pytest
from django.db import connection

only_on_postgresql = pytest.mark.skipif(
    connection.vendor != "postgresql", reason="about PostgreSQL: run by make test-postgres"
)


@contextmanager
def somebody_else(database: str = "") -> Iterator[Any]:
    """A connection besides the portal's; `database` is its name, or the tests' own."""
    settings = connection.settings_dict
    where = {"host": settings["HOST"], "port": settings["PORT"], "user": settings["USER"]}
    with psycopg.connect(
        **where, password=settings["PASSWORD"] or None, dbname=database or settings["NAME"], application_name="tests"
    ) as other:
        yield other


def end_sessions(database: str = "") -> int:
    """As a failover or an administrator does: every session of the portal in this database ends. Returns how many."""
    with somebody_else(database) as other:
        found = other.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND application_name <> 'tests' AND pid <> pg_backend_pid()"
        )
        return len(found.fetchall())
