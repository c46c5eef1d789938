"""A portal for the figures of its log: migrated, with keys, without Azure or a broker. Programs run as processes."""

import json
import os
import subprocess
import sys
from typing import Any

from deploy import audit_key
from deploy.sealing_key import make_private_key, public_key_of
from tests.bench.services import Services
from tests.installation import ROOT

HOUR = 3_600


class Portal:
    """`environment` is every process's."""

    def __init__(self, services: Services) -> None:
        folder = services.folder
        make_private_key(folder / "sealing.pem")
        audit_key.make_private_key(folder / "audit.pem")
        self.environment = os.environ | {
            "DJANGO_SETTINGS_MODULE": "tests.settings",
            "TESTS_OF": os.environ.get("PYTEST_XDIST_WORKER", "gw0"),
            "VAR_DIR": str(folder),
            "DATABASE_URL": services.database_url or f"sqlite:///{folder / 'portal.sqlite3'}",
            "SEALING_PUBLIC_KEY": public_key_of(folder / "sealing.pem"),
            "AUDIT_SIGNING_KEY_FILE": str(folder / "audit.pem"),
            "AUDIT_PUBLIC_KEYS": audit_key.public_key_of(folder / "audit.pem", "http://localhost:8000"),
            "AUDIT_ANCHOR_FILE": str(folder / "anchors.jsonl"),
            "PYTHONWARNINGS": "ignore",
        }
        self.run("manage.py", "migrate", "--verbosity", "0")

    def start(self, *arguments: object) -> "subprocess.Popen[str]":
        """Starts Python with these arguments."""
        command = [sys.executable, *map(str, arguments)]
        return subprocess.Popen(
            command, cwd=ROOT, env=self.environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def run(self, *arguments: object) -> str:
        """Runs it to its end and gives what it printed; its complaints go where ours go."""
        with self.start(*arguments) as process:
            printed, _ = process.communicate(timeout=HOUR)
        if process.returncode:
            raise AssertionError(f"{arguments} ended with {process.returncode}")
        return printed

    def ask(self, module: str, *arguments: object) -> Any:
        """What a program of this package found, from the JSON that it printed last."""
        return json.loads(self.run("-m", f"tests.bench.audit.{module}", *arguments).splitlines()[-1])
