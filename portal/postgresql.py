"""Sessions at PostgreSQL: how long they wait, how they notice that the other end is gone, what they keep prepared.

See decisions 0013 and 0047.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import psycopg
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.utils import CursorWrapper

CONNECT_SECONDS = 5
STATEMENT_SECONDS = 20  # above every statement of a page or a step; manage.py migrate and audit_verify lift it
LOCK_SECONDS = 5  # who holds a lock writes a few rows; longer means that something is stuck
IDLE_IN_TRANSACTION_SECONDS = 30  # no call to Azure or to a mail server happens within a transaction

_LIMITS = {
    "statement_timeout": STATEMENT_SECONDS,
    "lock_timeout": LOCK_SECONDS,
    "idle_in_transaction_session_timeout": IDLE_IN_TRANSACTION_SECONDS,
}

# https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-PARAMKEYWORDS
_OPTIONS: Mapping[str, Any] = {
    "connect_timeout": CONNECT_SECONDS,
    "fallback_application_name": "reimage-portal",  # the units say which process by PGAPPNAME
    "options": " ".join(f"-c {name}={seconds}s" for name, seconds in _LIMITS.items()),
    # After a failover a name may still lead to a server that takes no writes: no session begins there.
    "target_session_attrs": "read-write",
    # A server that vanished without a word is noticed after 30 + 3 x 10 seconds of silence, or 20 of unanswered data.
    "keepalives": 1,
    "keepalives_idle": 30,
    "keepalives_interval": 10,
    "keepalives_count": 3,
    "tcp_user_timeout": 20_000,  # milliseconds
    "prepare_threshold": 5,  # executions in a session, of a `prepared_cursor`; Django's own prepare nothing
}


def connection_options(given: Mapping[str, Any]) -> dict[str, Any]:
    """For libpq. What DATABASE_URL says itself (…?sslmode=verify-full&connect_timeout=2) wins."""
    return {**_OPTIONS, **given}


def prepared_cursor(connection: BaseDatabaseWrapper) -> CursorWrapper:
    """For a statement that is always the same: PostgreSQL reads and plans it once a session. Elsewhere any cursor.

    Also any where Django logs statements: of one that is prepared it could tell no SQL.
    """
    if connection.vendor != "postgresql" or connection.queries_logged:
        return connection.cursor()
    connection.ensure_connection()
    with connection.wrap_database_errors:
        cursor: Any = psycopg.Cursor(connection.connection)
    return connection.make_cursor(cursor)


@contextmanager
def unhurried(connection: BaseDatabaseWrapper) -> Iterator[None]:
    """Lets statements take as long as they need within the block; waiting for a lock may not."""
    if connection.vendor != "postgresql":
        yield
        return
    with connection.cursor() as cursor:
        cursor.execute("SET statement_timeout = 0")
    yield
    with connection.cursor() as cursor:
        cursor.execute("RESET statement_timeout")
