"""One sandbox for all contract tests, reset before each, and a client that speaks plain HTTP to it."""

from collections.abc import Iterator

import pytest

from tests.sandbox.client import Client
from tests.sandbox.sign_in import Browser
from tests.sandbox_process import SandboxProcess


@pytest.fixture(scope="session")
def running_sandbox() -> Iterator[SandboxProcess]:
    with SandboxProcess(vms=120, operation_seconds=20, page_size=50, activity_log_delay_seconds=60) as process:
        yield process


@pytest.fixture
def sandbox(running_sandbox: SandboxProcess) -> SandboxProcess:
    running_sandbox.reset()
    return running_sandbox


@pytest.fixture
def operator(sandbox: SandboxProcess) -> Iterator[Client]:
    with Client(sandbox, "operator") as client:
        yield client


@pytest.fixture
def reader(sandbox: SandboxProcess) -> Iterator[Client]:
    with Client(sandbox, "reader") as client:
        yield client


@pytest.fixture
def accounts(sandbox: SandboxProcess) -> Iterator[Client]:
    with Client(sandbox, "accounts") as client:
        yield client


@pytest.fixture
def browser(sandbox: SandboxProcess) -> Iterator[Browser]:
    with Client(sandbox, "portal") as client:
        yield Browser(sandbox, client)
