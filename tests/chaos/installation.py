"""A whole installation of its own on loopback: database, broker, sandbox, gunicorn, three worker groups, beat."""

import os
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Literal, Self

from deploy.demo.environment import DemoEnvironment
from deploy.demo.local_keys import LocalKeys
from deploy.demo.ports import Ports
from tests import with_services
from tests.chaos import scale
from tests.chaos.processes import ROOT, Process
from tests.chaos.telling import say
from tests.ports import free_port, is_listening
from tests.sandbox_process import SandboxProcess

READY_SECONDS = 60
CELERY = (sys.executable, "-m", "celery", "--app", "portal", "--quiet")
WORKER = (*CELERY, "worker", "--pool", "threads", "--concurrency", "4", "--without-gossip", "--without-mingle")
WEB = (sys.executable, "-m", "gunicorn", "--config", "deploy/gunicorn.conf.py")
# Whatever guards the portal against haste must not be what stops a campaign: it asks for more than people would.
SETTINGS = {
    "OPERATION_LEASE_SECONDS": str(scale.LEASE_SECONDS),
    "OPERATION_POLL_SECONDS": str(scale.POLL_SECONDS),
    "OPERATION_QUARANTINE_SECONDS": str(scale.QUARANTINE_SECONDS),
    "BREAKER_REIMAGES": "100000",
    "BREAKER_MINUTES": "1",
    "SIGN_IN_LIMIT": "100000",
    "SUBMISSION_LIMIT": "100000",
    "DECISION_LIMIT": "100000",
    "LOG_LEVEL": "DEBUG",
    "LOG_FORMAT": "json",
    "WEB_CONCURRENCY": "1",
}


class Installation:
    """A context: everything runs, and whatever happens inside, nothing outlives it.

    Attributes: `sandbox`, `web`, `beat`, `workers`, `broker` (None for the filesystem), `folder`, `has_postgresql`.
    """

    def __init__(self, folder: Path, *, seed: int, size: scale.Scale, embedded: bool = False) -> None:
        self.folder = folder
        self.logs = folder / "logs"
        missing = with_services.missing_programs()
        self.has_postgresql = not missing and not embedded
        if missing and not embedded:
            say(f"!!! {', '.join(missing)} not found: this campaign runs on SQLITE AND THE FILESYSTEM BROKER ONLY !!!")
        self._seed, self._size = seed, size
        self._stack = ExitStack()
        self.broker: Process | None = None

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            self._open(stack)
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def _open(self, stack: ExitStack) -> None:
        self.folder.chmod(0o755)
        for name in ("logs", "var", "postgresql"):
            (self.folder / name).mkdir()
        self.sandbox = SandboxProcess(
            vms=self._size.vms,
            seed=self._seed,
            operation_seconds=scale.OPERATION_SECONDS,
            activity_log_delay_seconds=scale.ACTIVITY_LOG_SECONDS,
        )
        self.sandbox.start()
        stack.callback(self.sandbox.stop)
        self._urls = self._services(stack)
        self._demo = self._demo_environment()
        self.base_url = self._demo.public_url
        self._prepare()
        bind = ("--bind", f"127.0.0.1:{self._demo.ports.web}")
        self.web = self._start(stack, "web", (*WEB, *bind, "portal.wsgi"), "web")
        self.workers = [
            self._start(stack, f"worker{n}", (*WORKER, "--hostname", f"w{n}@%h"), "worker")
            for n in range(1, scale.WORKERS + 1)
        ]
        self.beat = self._start(stack, "beat", (*CELERY, "beat"), "beat")
        wait_until(self.web_answers, what="the portal")

    def _services(self, stack: ExitStack) -> dict[str, str]:
        if not self.has_postgresql:
            return {}
        database = stack.enter_context(with_services.postgresql(self.folder / "postgresql"))
        port = free_port()
        command = (with_services.find_program("redis-server"), "--port", port, "--bind", "127.0.0.1", "--save", "")
        self.broker = Process("redis", command, os.environ, self.logs)
        self.broker.start()
        stack.callback(self.broker.kill)
        wait_until(lambda: is_listening(port), what="Redis")
        return {"DATABASE_URL": database, "CELERY_BROKER_URL": f"redis://127.0.0.1:{port}/0"}

    def _demo_environment(self) -> DemoEnvironment:
        http, https = (int(url.rpartition(":")[2]) for url in (self.sandbox.http_url, self.sandbox.https_url))
        keys = LocalKeys.in_folder(self.folder / "var" / "keys")
        return DemoEnvironment(Ports(free_port(), http, https), self.folder / "var", keys, os.environ)

    def environment(self, role: Literal["web", "worker", "beat"]) -> dict[str, str]:
        """A process's whole environment, as in production but for faster clocks."""
        ours = {"AZURE_CA_BUNDLE": self.sandbox.ca_file, **SETTINGS, **self._urls}
        return {**self._demo.of(role), **ours}

    def environment_of_the_judge(self) -> dict[str, str]:
        """The campaign's own look at the database, told from the portal's connections by its name."""
        found = self.environment("web") | {"LOG_LEVEL": "ERROR"}
        if self._urls:
            found["DATABASE_URL"] += "?application_name=chaos"
        return found

    @property
    def broker_url(self) -> str:
        return self._urls.get("CELERY_BROKER_URL", "filesystem://localhost")

    def _prepare(self) -> None:
        command = [sys.executable, "-m", "deploy.demo.prepare"]
        subprocess.run(
            command, cwd=ROOT, env=self.environment("web") | {"LOG_LEVEL": "ERROR"}, check=True, stdout=sys.stderr
        )

    def _start(
        self, stack: ExitStack, name: str, command: tuple[object, ...], role: Literal["web", "worker", "beat"]
    ) -> Process:
        process = Process(name, command, self.environment(role), self.logs)
        process.start()
        stack.callback(process.kill)
        return process

    def processes(self) -> list[Process]:
        """All that the campaign harms, and that must be up in the end."""
        return [self.web, *self.workers, self.beat, *([self.broker] if self.broker else [])]

    def web_answers(self) -> bool:
        direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with direct.open(f"{self.base_url}/healthz", timeout=5) as response:
                return bool(response.status == 200)
        except OSError:
            return False

    def flush_broker(self) -> None:
        """Every message that waits is lost."""
        if self.broker is None:
            for message in (self.folder / "var" / "broker" / "messages").glob("*"):
                message.unlink(missing_ok=True)
            return
        import redis

        with redis.Redis.from_url(self.broker_url, socket_timeout=2) as connection:
            connection.flushall()

    def broker_contents(self) -> Iterator[tuple[str, str]]:
        """Whatever waits in Redis; messages of the filesystem are files under var."""
        if self.broker is None:
            return
        import redis

        with redis.Redis.from_url(self.broker_url, socket_timeout=2) as connection:
            for key in connection.keys("*"):
                dumped = connection.dump(key) or b""
                yield f"Redis {key!r}", bytes(dumped).decode("utf-8", "replace")

    @contextmanager
    def restarting_broker(self) -> Iterator[None]:
        """Redis dies, and comes back with nothing of what it held."""
        assert self.broker is not None
        self.broker.kill()
        yield
        self.broker.start()

    @property
    def anchor_file(self) -> Path:
        """Where the sealer tells the world outside of the database."""
        return self.folder / "var" / "audit-anchors.jsonl"


def wait_until(is_so: Callable[[], bool], *, what: str, within_seconds: float = READY_SECONDS) -> None:
    """Waits on a condition. Raises TimeoutError, naming what did not come true."""
    deadline = time.monotonic() + within_seconds
    while not is_so():
        if time.monotonic() > deadline:
            raise TimeoutError(f"{what} was not ready within {within_seconds:g} seconds")
        time.sleep(0.05)
