"""A worker, beat and web as real processes over one database, whose worker can be made deaf and made to hear again.

The worker's folder of messages is a link; where it leads is what it hears. No Azure is needed: nothing is due.
"""

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Self

import requests

from deploy.demo.__main__ import BEAT, WORKER, web_command
from deploy.demo.environment import DemoEnvironment
from deploy.demo.local_keys import LocalKeys
from deploy.demo.ports import Ports
from tests.ports import free_port

ROOT = Path(__file__).resolve().parent.parent.parent
PATIENCE_SECONDS = 90.0  # a condition is met within seconds; a busy machine may take its time
SILENCE_SECONDS = "12"  # longer than a beat and a sweep together, on a machine that is busy with other tests


class RealProcesses:
    """A context: migrated, started, ended. `url` is the portal's; `worker` the process."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.demo = DemoEnvironment(
            Ports(free_port(), free_port(), free_port()), folder, LocalKeys.in_folder(folder / "keys"), os.environ
        )
        self.url = f"http://localhost:{self.demo.ports.web}"
        self._ear = folder / "worker" / "broker"
        self._processes: list[subprocess.Popen[bytes]] = []

    def environment(self, role: Any) -> dict[str, str]:
        """As the demo's; the worker has a folder of its own, and nobody a certificate authority."""
        # The worker's own sweeper shall not mend, within the test, what it is looked at for.
        changes = {"AZURE_CA_BUNDLE": "", "READY_SILENCE_SECONDS": SILENCE_SECONDS, "SWEEPER_GRACE_SECONDS": "600"}
        database = {"DATABASE_URL": f"sqlite:///{self.folder}/portal.sqlite3"}
        own_folder = {"VAR_DIR": str(self._ear.parent)} if role == "worker" else {}
        return self.demo.of(role) | changes | database | own_folder

    def __enter__(self) -> Self:
        for name in ("broker", "elsewhere"):
            for part in ("messages", "control"):
                (self.folder / name / part).mkdir(parents=True)
        self._ear.parent.mkdir()
        self._ear.symlink_to(self.folder / "broker")
        migrate = [sys.executable, "manage.py", "migrate", "--verbosity=0"]
        subprocess.run(migrate, cwd=ROOT, env=self.environment("web"), check=True)
        self._start(web_command(self.demo), "web")
        self.worker = self._start(WORKER, "worker")
        self._start(BEAT, "beat")
        return self

    def _start(self, command: list[str], role: str) -> "subprocess.Popen[bytes]":
        process = subprocess.Popen(command, cwd=ROOT, env=self.environment(role), stderr=subprocess.DEVNULL)
        self._processes.append(process)
        return process

    def __exit__(self, *_: object) -> None:
        for process in self._processes:
            process.terminate()
        for process in self._processes:
            process.wait(30)

    def lead_the_worker(self, name: str) -> None:
        """From now on it hears what lies in this folder: `broker`, where beat publishes, or `elsewhere`."""
        following = self._ear.with_name("following")
        following.symlink_to(self.folder / name)
        following.replace(self._ear)

    def failing(self) -> set[str] | None:
        """The checks that do not hold; None while nobody answers."""
        try:
            answer = requests.get(f"{self.url}/readyz", timeout=10).json()
        except requests.ConnectionError:
            return None
        return {check["name"] for check in answer["checks"] if not check["ok"]}


def eventually(condition: Callable[[], bool], what: Callable[[], object]) -> None:
    """Waits until it holds; `what` says how things stand if it never does."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        assert time.monotonic() < deadline, what()
        time.sleep(0.2)
