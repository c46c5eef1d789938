"""What a database says is wrong, by its own name for it: for the log, and to tell a full disk from the rest."""

from django.db import Error, InterfaceError, OperationalError

TROUBLE = (OperationalError, InterfaceError)  # locked, full or away; all else is a mistake of ours
NO_ROOM = frozenset({"DiskFull", "SQLITE_FULL"})


def cause_of(error: Error) -> str:
    """PostgreSQL's or SQLite's name, e.g. LockNotAvailable or SQLITE_BUSY. Never the message, which holds values."""
    cause = error.__cause__ or error
    return str(getattr(cause, "sqlite_errorname", "")) or type(cause).__name__
