"""The disk of the database is full: nothing is sent that is not written down first, and room again is all it takes."""

import json
import subprocess
import sys

from tests.crashes.small_disk import database_on_a_small_disk
from tests.sandbox_process import ROOT, SandboxProcess

LIMIT_SECONDS = 240


def test_a_full_disk_delays_and_neither_loses_nor_repeats(
    transactional_db: None, azure_environment: dict[str, str], sandbox: SandboxProcess
) -> None:
    of_sandbox = {"SANDBOX_HTTP_URL": sandbox.http_url, "SANDBOX_HTTPS_URL": sandbox.https_url}
    with database_on_a_small_disk() as (url, folder):
        environment = {
            **azure_environment,
            **of_sandbox,
            "DJANGO_SETTINGS_MODULE": "tests.settings",
            "DATABASE_URL": url,
        }
        command = [sys.executable, "-m", "tests.crashes.full_disk", str(folder)]
        done = subprocess.run(
            command, env=environment, cwd=ROOT, capture_output=True, text=True, timeout=LIMIT_SECONDS, check=False
        )
    assert done.returncode == 0, done.stderr[-4000:]
    facts = json.loads(done.stdout.splitlines()[-1])
    assert facts["page"] == {
        "status": 503,
        "retry_after": "30",
        "explained": True,
        "unchanged": True,
        "again": 302,
    }
    assert facts["before the intent"] == {"state": "queued", "posts": 0}
    assert facts["after the POST"] == {"state": "submitting", "posts": 1}
    assert facts["still full"] == {"state": "submitting", "posts": 1}
    assert facts["in the end"] == {"state": "succeeded", "broken": []}
