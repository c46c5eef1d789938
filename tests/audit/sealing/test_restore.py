"""A dump and restore of the whole database changes nothing that is verified: no false alarm."""

import os
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
from django.db import connection

from tests.audit.events import WEB_01
from tests.audit.sealing.logs import SealedLog
from tests.with_services import find_program

ROOT = Path(__file__).resolve().parents[3]


def restored_sqlite(folder: Path) -> str:
    """As `sqlite3 .dump` does it, into another file."""
    connection.ensure_connection()
    with sqlite3.connect(folder / "restored.sqlite3") as restored:
        restored.executescript("\n".join(connection.connection.iterdump()))
    restored.close()
    return f"sqlite:///{folder}/restored.sqlite3"


def restored_postgresql() -> str:
    """With pg_dump and psql, into another database of the same server."""
    parts = connection.settings_dict
    name = f"{parts['NAME']}_restored"
    server = ["-h", parts["HOST"], "-p", str(parts["PORT"]), "-U", parts["USER"]]
    with connection.cursor() as cursor:
        cursor.execute(f'DROP DATABASE IF EXISTS "{name}"')
        cursor.execute(f'CREATE DATABASE "{name}"')
    dump = subprocess.run([str(find_program("pg_dump")), *server, parts["NAME"]], check=True, capture_output=True)
    psql = [str(find_program("psql")), *server, "-q", "-v", "ON_ERROR_STOP=1", name]
    subprocess.run(psql, check=True, input=dump.stdout, stdout=subprocess.DEVNULL)
    return f"postgres://{parts['USER']}@{parts['HOST']}:{parts['PORT']}/{name}"


@pytest.mark.django_db(transaction=True)
def test_a_restored_log_is_sound(log: SealedLog, tmp_path: Path) -> None:
    log.grow(260, target=WEB_01, detail={"理由": "満杯 'quoted' \\ \u2028"})
    log.grow(3, subject="reimage_request:1")
    log.rotate("second")
    url = restored_sqlite(tmp_path) if connection.vendor == "sqlite" else restored_postgresql()
    environment = os.environ | {
        "DJANGO_SETTINGS_MODULE": "tests.settings",
        "DATABASE_URL": url,
        "AUDIT_PUBLIC_KEYS": log.settings.AUDIT_PUBLIC_KEYS,
        "AUDIT_ANCHOR_FILE": str(log.anchor_file),
    }
    command = [sys.executable, "manage.py", "audit_verify"]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert done.stdout.startswith("SOUND: 264 events sealed, anchored up to #264"), done.stdout + done.stderr
    assert done.returncode == 0
