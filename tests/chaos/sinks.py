"""Every place where a secret could have come to rest, and the search for it there."""

import base64
import json
from collections.abc import Iterable, Iterator
from pathlib import Path

from django.db import connection

from tests.chaos import canary

Texts = Iterable[tuple[str, str]]


def leaks(folder: Path, *, broker: Texts, pages: Texts, bodies: Iterable[object]) -> Iterator[str]:
    """What holds the canary: rows, all files below the folder (database, logs, mails, messages, exports), and these.

    `pages` are the answers that people got; `bodies` what the sandbox's ledger keeps of reimage POSTs.
    """
    yield from canary.leaks_in_texts(_rows())
    yield from canary.leaks_in_files(folder.rglob("*"))
    yield from canary.leaks_in_texts(broker)
    yield from canary.leaks_in_texts(pages)
    ledger = json.dumps(list(bodies), ensure_ascii=False)
    yield from canary.leaks_in_texts([("the sandbox's ledger", _without_custom_data(ledger))])


def flush_to_disk() -> None:
    """What the database still holds in memory is written into its files."""
    with connection.cursor() as cursor:
        cursor.execute("CHECKPOINT" if connection.vendor == "postgresql" else "PRAGMA wal_checkpoint")


def _without_custom_data(ledger: str) -> str:
    """customData is no secret at Azure's side: it arrives there in base64, as it must."""
    return ledger.replace(base64.b64encode(canary.CUSTOM_DATA.encode()).decode(), "")


def _rows() -> Iterator[tuple[str, str]]:
    """Every row of every table, as text."""
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f"SELECT * FROM {connection.ops.quote_name(table)}")  # noqa: S608  # the tables' own names
            for row in cursor.fetchall():
                yield f"a row of {table}", " ".join(map(_text, row))


def _text(value: object) -> str:
    if isinstance(value, bytes | memoryview):
        return bytes(value).decode("utf-8", "replace")
    return value if isinstance(value, str) else json.dumps(value, default=str, ensure_ascii=False)
