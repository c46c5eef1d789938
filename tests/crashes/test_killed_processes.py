"""Workers that are processes and kill themselves by SIGKILL between real commits; another process goes on."""

import json
import subprocess
import sys

from tests.sandbox_process import ROOT

LIMIT_SECONDS = 240


def test_a_killed_process_loses_nothing_and_sends_nothing_twice(process_environment: dict[str, str]) -> None:
    command = [sys.executable, "-m", "tests.crashes.killed"]
    unhindered = process_environment | {"BREAKER_REIMAGES": "0"}  # one machine, reimaged many times within minutes
    done = subprocess.run(
        command, env=unhindered, cwd=ROOT, capture_output=True, text=True, timeout=LIMIT_SECONDS, check=False
    )
    assert done.returncode == 0, done.stderr[-4000:]
    found = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    assert [one for one in found if not one["killed"] or not one["recovered"] or one["broken"]] == []
    died_at = {one["point"] for one in found}
    assert len(died_at) >= 10
    for moment in ("before commit", "after commit", "before POST reimage", "after POST reimage"):
        assert f"{moment} by reimaging.submit" in died_at
