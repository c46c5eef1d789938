"""A database of a test's own, with the schema of the tests' one: for processes that really commit and really die."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

from django.db import connection


@contextmanager
def own_database(folder: Path, name: str) -> Iterator[str]:
    """Its DATABASE_URL. Called outside of any transaction; on PostgreSQL it is dropped afterwards.

    SQLite's file lies in the folder, PostgreSQL's where the server keeps them.
    """
    if connection.vendor == "sqlite":
        with connection.cursor() as cursor:
            cursor.execute("VACUUM INTO %s", [str(folder / f"{name}.sqlite3")])
        yield f"sqlite:///{folder / name}.sqlite3"
        return
    settings = connection.settings_dict
    quoted = connection.ops.quote_name(f"{settings['NAME']}_{name}")
    execute(f"DROP DATABASE IF EXISTS {quoted} WITH (FORCE)")
    execute(f"CREATE DATABASE {quoted} TEMPLATE {connection.ops.quote_name(settings['NAME'])}")
    try:
        yield postgresql_url(f"{settings['NAME']}_{name}")
    finally:
        execute(f"DROP DATABASE {quoted} WITH (FORCE)")


def postgresql_url(name: str) -> str:
    """The address of a database beside the tests' own, or of that one itself."""
    settings = connection.settings_dict
    secret = f":{quote(settings['PASSWORD'])}" if settings["PASSWORD"] else ""
    return f"postgres://{settings['USER']}{secret}@{settings['HOST']}:{settings['PORT']}/{name}"


def execute(statement: str) -> None:
    """From outside of every database of ours: nobody may be connected to a database that is copied."""
    connection.close()
    with connection._nodb_cursor() as cursor:
        cursor.execute(statement)
