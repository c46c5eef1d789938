"""What a process that really commits leaves on disk: SQLite's file and -wal, or PostgreSQL's dump, without a secret."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from django.db import connection

from tests.sandbox_process import ROOT

LIMIT_SECONDS = 120


@pytest.mark.asvs("V14.2.4")
def test_neither_the_files_nor_a_dump_hold_a_password(process_environment: dict[str, str], tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tests.crashes.canary_story", str(tmp_path)],
        env=process_environment,
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=LIMIT_SECONDS,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-4000:]
    said = json.loads(done.stdout.splitlines()[-1])
    assert set(said["known"]) & {"own.sqlite3", "own.sqlite3-wal", "pg_dump"}, "the search is blind"
    if connection.vendor == "sqlite":
        assert said["sizes"]["own.sqlite3-wal"] > 0
    assert said["leaks"] == []
