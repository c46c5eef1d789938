"""What a process that really commits leaves on disk: SQLite's file and -wal, or PostgreSQL's dump, without a secret.

And nothing, on SQLite, of a sealed one that was destroyed.
"""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.db import connection

from tests.sandbox_process import ROOT

LIMIT_SECONDS = 120
of_sqlite = pytest.mark.skipif(connection.vendor != "sqlite", reason="PostgreSQL overwrites nothing before its VACUUM")


def told_by(story: str, environment: dict[str, str], folder: Path) -> Any:
    """What a story of this folder says at its end."""
    done = subprocess.run(
        [sys.executable, "-m", f"tests.crashes.{story}", str(folder)],
        env=environment,
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=LIMIT_SECONDS,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-4000:]
    return json.loads(done.stdout.splitlines()[-1])


@pytest.mark.asvs("V14.2.4")
def test_neither_the_files_nor_a_dump_hold_a_password(process_environment: dict[str, str], tmp_path: Path) -> None:
    said = told_by("canary_story", process_environment, tmp_path)
    assert set(said["known"]) & {"own.sqlite3", "own.sqlite3-wal", "pg_dump"}, "the search is blind"
    if connection.vendor == "sqlite":
        assert said["sizes"]["own.sqlite3-wal"] > 0
    assert said["leaks"] == []


@of_sqlite
@pytest.mark.asvs("V14.2.7")
def test_a_destroyed_ciphertext_is_overwritten(process_environment: dict[str, str], tmp_path: Path) -> None:
    """The first of two goes, and only its bytes."""
    said = told_by("overwritten_story", process_environment, tmp_path)
    assert said == {"before": [["own.sqlite3"], ["own.sqlite3"]], "after": [[], ["own.sqlite3"]]}


@of_sqlite
@pytest.mark.django_db
def test_sqlite_is_told_to_overwrite_whatever_it_does_by_itself() -> None:
    """Not every build of it does: https://www.sqlite.org/compile.html#secure_delete"""
    assert "PRAGMA secure_delete=ON;" in settings.DATABASES["default"]["OPTIONS"]["init_command"]
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA secure_delete")
        assert cursor.fetchone() == (1,)
