"""What a database says is wrong, by its own name for it: for the log, and to tell a full disk from the rest."""

from typing import TypeGuard

import psycopg
from django.db import Error, InterfaceError, OperationalError

# A server that takes no writes for now (a failover, a cloud's protection of a full disk), and a session that it ended.
# PostgreSQL counts both among the errors of a transaction's state, where the others are ours.
PASSING_STATES = frozenset({"25006", "25P03"})
WORDS = 500  # characters
NO_ROOM = frozenset({"DiskFull", "SQLITE_FULL"})


def is_trouble(error: BaseException | None) -> TypeGuard[Error]:
    """Whether the database is locked, full or away; any other error is a mistake of ours."""
    return isinstance(error, OperationalError | InterfaceError) or _sqlstate(error) in PASSING_STATES


def _sqlstate(error: BaseException | None) -> str | None:
    cause = error.__cause__ if error else None
    return cause.sqlstate if isinstance(cause, psycopg.Error) else None


def cause_of(error: Exception) -> str:
    """PostgreSQL's or SQLite's name, e.g. LockNotAvailable or SQLITE_BUSY; never the message, which holds values.

    Of a connection that cannot be made there is no name, but libpq's words: hosts, users and files, no values.
    """
    cause = error.__cause__ or error
    if type(cause) is psycopg.OperationalError and cause.sqlstate is None:
        return " ".join(str(cause).split())[:WORDS]
    return str(getattr(cause, "sqlite_errorname", "")) or type(cause).__name__
