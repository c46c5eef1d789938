"""Redis and RabbitMQ of a test's own, on loopback: started, killed and started again at the same address."""

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

import pytest

from tests.ports import free_port, is_listening

BROKERS = ("redis", "rabbitmq")
ABSENT = "not found: the portal was NOT tried with it"
START_SECONDS = 90  # RabbitMQ takes some seconds on a machine that is idle
RABBITMQ_FOLDER = Path("/usr/lib/rabbitmq/bin")  # Debian's wrapper on PATH insists on its own user


def rabbitmq_program() -> str | None:
    """The server's own script, past Debian's wrapper; None where it is not installed."""
    debians = RABBITMQ_FOLDER / "rabbitmq-server"
    return str(debians) if debians.is_file() else shutil.which("rabbitmq-server")


def missing(name: str) -> str:
    """One line that says what this machine lacks for that broker; empty where it lacks nothing."""
    programs = {"redis": shutil.which("redis-server"), "rabbitmq": rabbitmq_program() and shutil.which("epmd")}
    if programs[name]:
        return ""
    return f"{name} {ABSENT} (on Debian: apt install {name}-server)"


def needed(name: str, environment: Mapping[str, str]) -> None:
    """Skips the test where the broker is missing, and fails it in CI."""
    if line := missing(name):
        (pytest.fail if environment.get("CI") else pytest.skip)(line)


class Server:
    """One server, in a process group of its own: nothing of it outlives `kill`."""

    def __init__(self, folder: Path, command: list[str], port: int, **environment: str) -> None:
        self.port = port
        self._folder = folder
        self._command = command
        self._environment = os.environ | environment
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Returns once it accepts connections."""
        log = self._folder / "server.log"
        with log.open("ab") as output:
            self._process = subprocess.Popen(
                self._command,
                cwd=self._folder,
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        deadline = time.monotonic() + START_SECONDS
        while not is_listening(self.port):
            if self._process.poll() is not None or time.monotonic() > deadline:
                self.kill()
                raise AssertionError(f"{self._command[0]} did not start:\n{log.read_text()[-2_000:]}")
            time.sleep(0.05)

    def signal(self, number: signal.Signals) -> None:
        """To all of its processes."""
        if self._process:
            with suppress(ProcessLookupError):
                os.killpg(self._process.pid, number)

    def kill(self) -> None:
        """At once, as a power cut would."""
        self.signal(signal.SIGKILL)
        if self._process:
            self._process.wait()
        self._process = None


def redis(folder: Path) -> tuple[str, list[Server]]:
    """The broker's URL, and what has to be started for it, in order."""
    port = free_port()
    command = [str(shutil.which("redis-server")), "--port", str(port), "--bind", "127.0.0.1", "--save", ""]
    return f"redis://127.0.0.1:{port}/0", [Server(folder, command, port)]


def rabbitmq(folder: Path) -> tuple[str, list[Server]]:
    """Likewise. Its name server, epmd, is started first and on a port of its own: Erlang would leave one behind."""
    names, port, distribution = free_port(), free_port(), free_port()
    (folder / "plugins").write_text("[].", encoding="ascii")
    environment = {
        "HOME": str(folder),  # of the Erlang cookie
        "ERL_EPMD_ADDRESS": "127.0.0.1",
        "ERL_EPMD_PORT": str(names),
        "RABBITMQ_NODENAME": f"portal-{port}@localhost",
        "RABBITMQ_NODE_IP_ADDRESS": "127.0.0.1",
        "RABBITMQ_NODE_PORT": str(port),
        "RABBITMQ_DIST_PORT": str(distribution),
        "RABBITMQ_MNESIA_BASE": str(folder / "data"),
        "RABBITMQ_LOG_BASE": str(folder / "log"),
        "RABBITMQ_ENABLED_PLUGINS_FILE": str(folder / "plugins"),
        "RABBITMQ_CONF_ENV_FILE": "/dev/null",
        "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "-start_epmd false -kernel inet_dist_use_interface {127,0,0,1}",
    }
    epmd = [str(shutil.which("epmd")), "-port", str(names), "-address", "127.0.0.1"]
    server = Server(folder, [str(rabbitmq_program())], port, **environment)
    return f"amqp://guest:guest@127.0.0.1:{port}//", [Server(folder, epmd, names), server]
