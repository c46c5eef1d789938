"""One installation per test, on SQLite and with short times; its broker is the test's own matter."""

import json
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.brokers import servers
from tests.installation import Installation, wait_for
from tests.sandbox_process import SandboxProcess

OPERATION_SECONDS = 2


@dataclass
class Broker:
    """Where it is, and its processes; the last is the broker itself, before it what it needs."""

    url: str
    servers: list[servers.Server]

    @property
    def server(self) -> servers.Server:
        """The broker itself."""
        return self.servers[-1]


class Story:
    """What the test tells the installation, and sees of it."""

    def __init__(self, installation: Installation) -> None:
        self.installation = installation

    def approve(self, name: str) -> int:
        """Alice asks, Bob agrees; the request's key."""
        (pk,) = json.loads(self.installation.run("-m", "tests.approve", name))
        return int(pk)

    def state(self, pk: int) -> str:
        """Of a request, as the database has it."""
        ((state,),) = self.installation.query("SELECT state FROM reimage_reimagerequest WHERE id = %s", pk)
        return str(state)

    def wait_for_state(self, pk: int, state: str) -> None:
        """Until the request is there."""
        wait_for(lambda: self.state(pk) == state, of=f"{state} of request {pk}")

    def posts(self, name: str) -> int:
        """How many reimages of a machine Azure was asked for."""
        return len(self.installation.sandbox.ledger(action="reimage", vm=name))

    def wait_for_post(self, name: str) -> None:
        """Until Azure was asked to reimage it."""
        wait_for(lambda: self.posts(name), of=f"the reimage of {name}")

    def wait_for_log(self, text: str, *, beyond: int = 0) -> None:
        """Until the worker wrote it more often than that."""
        log = self.installation.folder / "worker.log"
        wait_for(lambda: log.read_text(encoding="utf-8").count(text) > beyond, of=f"{text!r} in the worker's log")


@pytest.fixture
def story(tmp_path: Path) -> Iterator[Callable[..., Story]]:
    """Makes the installation, for a broker's URL and settings that differ."""
    started: list[Installation] = []

    def make(broker_url: str, **settings: object) -> Story:
        sandbox = SandboxProcess(vms=20, operation_seconds=OPERATION_SECONDS)
        quick = {"OPERATION_POLL_SECONDS": 1, "LOG_LEVEL": "INFO"}
        installation = Installation(tmp_path, broker_url=broker_url, sandbox=sandbox, **(quick | settings))
        started.append(installation)
        installation.__enter__()
        return Story(installation)

    yield make
    for installation in started:
        installation.__exit__(None, None, None)


@pytest.fixture(params=servers.BROKERS)
def broker(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Broker]:
    """Each broker for real, running."""
    servers.needed(request.param, os.environ)
    folder = tmp_path / request.param
    folder.mkdir()
    broker = Broker(*getattr(servers, request.param)(folder))
    try:
        for server in broker.servers:
            server.start()
        yield broker
    finally:
        for server in reversed(broker.servers):
            server.kill()
