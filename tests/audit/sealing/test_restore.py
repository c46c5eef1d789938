"""A dump and restore of the whole database changes nothing that is verified: no false alarm."""

import os
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from django.db import connection

from portal.audit.personal import Personal
from tests.audit.events import WEB_01
from tests.audit.people import by_alice, redact_person
from tests.audit.sealing.logs import SealedLog
from tests.audit.sealing.tampering import TABLES
from tests.with_services import find_program

SECONDS = 120
ROOT = Path(__file__).resolve().parents[3]


def restored_sqlite(folder: Path) -> str:
    """As `sqlite3 .dump` does it, into another file."""
    connection.ensure_connection()
    with sqlite3.connect(folder / "restored.sqlite3") as restored:
        restored.executescript("\n".join(connection.connection.iterdump()))
    restored.close()
    return f"sqlite:///{folder}/restored.sqlite3"


def backed_up_sqlite(folder: Path) -> str:
    """With SQLite's own backup of a database in use."""
    connection.ensure_connection()
    with sqlite3.connect(folder / "backup.sqlite3") as copy:
        connection.connection.backup(copy)
    copy.close()
    return f"sqlite:///{folder}/backup.sqlite3"


def restored_postgresql(_folder: Path) -> str:
    """With pg_dump and psql, into another database of the same server."""
    url, psql = another_database("restored")
    run_program(*psql, read=dumped())
    return url


def loaded_postgresql(_folder: Path) -> str:
    """The data of the log alone, into the tables of another database."""
    url, psql = another_database("loaded")
    run_program(*psql, read=dumped("--schema-only"))
    run_program(*psql, "--single-transaction", read=dumped("--data-only", *(f"--table={table}" for table in TABLES)))
    return url


def another_database(name: str) -> tuple[str, list[str]]:
    """Its address, and how to run psql there."""
    name = f"{connection.settings_dict['NAME']}_{name}"
    with connection.cursor() as cursor:
        cursor.execute(f'DROP DATABASE IF EXISTS "{name}"')
        cursor.execute(f'CREATE DATABASE "{name}"')
    parts = connection.settings_dict
    url = f"postgres://{parts['USER']}@{parts['HOST']}:{parts['PORT']}/{name}"
    return url, ["psql", *server(), "-q", "-v", "ON_ERROR_STOP=1", "-d", name]


def server() -> list[str]:
    parts = connection.settings_dict
    return ["-h", parts["HOST"], "-p", str(parts["PORT"]), "-U", parts["USER"]]


def dumped(*how: str) -> bytes:
    return run_program("pg_dump", *server(), *how, connection.settings_dict["NAME"])


def run_program(name: str, *arguments: str, read: bytes = b"") -> bytes:
    """What it printed."""
    return subprocess.run([str(find_program(name)), *arguments], check=True, input=read, stdout=subprocess.PIPE).stdout


WAYS = {
    "sqlite": [restored_sqlite, backed_up_sqlite],
    "postgresql": [restored_postgresql, loaded_postgresql],
}[connection.vendor]


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("way", WAYS)
def test_a_restored_log_is_sound(log: SealedLog, tmp_path: Path, way: Callable[[Path], str]) -> None:
    log.grow(260, target=WEB_01, detail={"理由": "満杯 'quoted' \\ \u2028", "comment": Personal("満杯 \\ \u2028 'x'")})
    log.grow(3, subject="reimage_request:1")
    by_alice()
    redact_person()
    log.rotate("second")
    environment = os.environ | {
        "DJANGO_SETTINGS_MODULE": "tests.settings",
        "DATABASE_URL": way(tmp_path),
        "AUDIT_PUBLIC_KEYS": log.settings.AUDIT_PUBLIC_KEYS,
        "AUDIT_ANCHOR_FILE": str(log.anchor_file),
    }
    command = [sys.executable, "manage.py", "audit_verify"]
    done = subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False, timeout=SECONDS
    )
    assert done.stdout.startswith("SOUND: 266 events sealed, anchored up to #266"), done.stdout + done.stderr
    assert done.returncode == 0
