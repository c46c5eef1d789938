"""What a database says is wrong, by its own name for it: for the log, and to tell a full disk from the rest."""

import psycopg
from django.db import InterfaceError, OperationalError

TROUBLE = (OperationalError, InterfaceError)  # locked, full or away; all else is a mistake of ours
WORDS = 500  # characters
NO_ROOM = frozenset({"DiskFull", "SQLITE_FULL"})


def cause_of(error: Exception) -> str:
    """PostgreSQL's or SQLite's name, e.g. LockNotAvailable or SQLITE_BUSY; never the message, which holds values.

    Of a connection that cannot be made there is no name, but libpq's words: hosts, users and files, no values.
    """
    cause = error.__cause__ or error
    if type(cause) is psycopg.OperationalError and cause.sqlstate is None:
        return " ".join(str(cause).split())[:WORDS]
    return str(getattr(cause, "sqlite_errorname", "")) or type(cause).__name__
