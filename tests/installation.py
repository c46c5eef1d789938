"""The portal as real processes beside a sandbox: workers and beat started, stopped and killed by tests and benches."""

import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import psycopg

from deploy.demo.environment import SUBSCRIPTIONS, TENANT_ID
from deploy.sealing_key import make_private_key, public_key_of
from tests.sandbox_process import SandboxProcess

ROOT = Path(__file__).resolve().parent.parent
PATIENCE_SECONDS = 120
END_SECONDS = 40
OURS = ("TESTS_OF", "COVERAGE_PROCESS_START")


def wait_for(
    condition: Callable[[], Any], *, of: str, within_seconds: float = PATIENCE_SECONDS, every: float = 0.1
) -> Any:
    """The condition's value once it is true. Raises AssertionError, naming what was waited for."""
    deadline = time.monotonic() + within_seconds
    while not (value := condition()):
        if time.monotonic() > deadline:
            raise AssertionError(f"{of} did not come within {within_seconds:.0f} s")
        time.sleep(every)
    return value


class Installation:
    """A context: a migrated database, keys and a sandbox. Everything started in it ends with it.

    Attributes: `folder`, `sandbox`, `environment` (of every process of the portal).
    """

    def __init__(
        self, folder: Path, *, database_url: str = "", broker_url: str, sandbox: SandboxProcess, **settings: object
    ) -> None:
        self.folder = folder
        self.sandbox = sandbox
        self._broker_url = broker_url
        self._database_url = database_url or f"sqlite:///{folder / 'portal.sqlite3'}"
        self._settings = {name: str(value) for name, value in settings.items()}
        self._processes: dict[subprocess.Popen[bytes], Path] = {}
        self.environment: dict[str, str] = {}

    def __enter__(self) -> Self:
        key = self.folder / "sealing-private.pem"
        make_private_key(key)
        self.sandbox.start()
        self.environment = self._environment(key)
        self.run("manage.py", "migrate", "--verbosity", "0")
        return self

    def __exit__(self, kind: type[BaseException] | None, err: BaseException | None, _: TracebackType | None) -> None:
        for process in list(self._processes):
            process.kill()
            process.wait()
        self.sandbox.stop()
        if err is not None:
            err.add_note("\n".join(f"{log.name}:\n{log.read_text()[-3_000:]}" for log in self._processes.values()))

    def _environment(self, key: Path) -> dict[str, str]:
        azure = self.sandbox.https_url
        inherited = {name: value for name, value in os.environ.items() if name not in OURS}
        return inherited | {
            "DJANGO_SETTINGS_MODULE": "portal.settings",
            "PUBLIC_URL": "http://localhost:8000",
            "VAR_DIR": str(self.folder),
            "SECRET_KEY": "a-key-for-tests-only-that-is-long-enough-to-be-accepted",
            "DATABASE_URL": self._database_url,
            "CELERY_BROKER_URL": self._broker_url,
            "ENTRA_AUTHORITY": f"{azure}/{TENANT_ID}",
            "ENTRA_CLIENT_ID": "c0000000-0000-4000-8000-000000000001",
            "ENTRA_CLIENT_SECRET": "sandbox-portal-secret",
            "GRAPH_URL": azure,
            "ACCOUNT_CHECK_SECONDS": "0",
            "ACCOUNT_CHECK_CLIENT_ID": "c0000000-0000-4000-8000-000000000004",
            "ACCOUNT_CHECK_CLIENT_SECRET": "sandbox-accounts-secret",
            "AZURE_RESOURCE_MANAGER": azure,
            "AZURE_SUBSCRIPTIONS": ",".join(SUBSCRIPTIONS),
            "AZURE_CREDENTIAL": "client-secret",
            "AZURE_CLIENT_ID": "c0000000-0000-4000-8000-000000000003",
            "AZURE_CLIENT_SECRET": "sandbox-operator-secret",
            "AZURE_CA_BUNDLE": self.sandbox.ca_file,
            "SEALING_PUBLIC_KEY": public_key_of(key),
            "SEALING_PRIVATE_KEY_FILE": str(key),
            "PYTHONUNBUFFERED": "1",
            "PYTHONWARNINGS": "ignore",
            **self._settings,
        }

    def run(self, *arguments: object) -> str:
        """Runs Python with these arguments to its end and gives what it printed."""
        command = [sys.executable, *map(str, arguments)]
        done = subprocess.run(command, cwd=ROOT, env=self.environment, capture_output=True, text=True, check=False)
        if done.returncode:
            raise AssertionError(f"{command} ended with {done.returncode}:\n{done.stderr[-3_000:]}")
        return done.stdout

    def start(self, name: str, *arguments: object, **settings: object) -> subprocess.Popen[bytes]:
        """Starts Python with these arguments; what it prints is in the folder's NAME.log."""
        log = self.folder / f"{name}.log"
        with log.open("ab") as output:
            process = subprocess.Popen(
                [sys.executable, *map(str, arguments)],
                cwd=ROOT,
                env=self.environment | {key: str(value) for key, value in settings.items()},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
            )
        self._processes[process] = log
        return process

    def start_worker(self, *, concurrency: int = 2, **settings: object) -> subprocess.Popen[bytes]:
        """As the systemd unit starts it."""
        pool = ("--pool", "threads", "--concurrency", concurrency)
        quiet = ("--without-gossip", "--without-mingle")
        return self.start("worker", "-m", "celery", "--app", "portal", "worker", *pool, *quiet, **settings)

    def has_worker(self) -> bool:
        """Whether one has shown a sign of life."""
        return bool(self.query("SELECT 1 FROM health_heartbeat WHERE role = 'worker'"))

    def query(self, sql: str, *parameters: object) -> list[tuple[Any, ...]]:
        """Rows of the database; a parameter is %s, also on SQLite."""
        if self._database_url.startswith("sqlite"):
            with closing(sqlite3.connect(self._database_url.removeprefix("sqlite:///"))) as lite:
                return lite.execute(sql.replace("%s", "?"), parameters).fetchall()
        with psycopg.connect(self._database_url) as connection:
            return connection.execute(sql, parameters).fetchall()

    def start_beat(self) -> subprocess.Popen[bytes]:
        """As the systemd unit starts it."""
        return self.start("beat", "-m", "celery", "--app", "portal", "beat")

    def end(self, process: subprocess.Popen[bytes]) -> int:
        """Asks it to end, as systemd does, and gives its exit code."""
        process.send_signal(signal.SIGTERM)
        try:
            return process.wait(END_SECONDS)
        finally:
            if process.returncode is not None:
                del self._processes[process]
