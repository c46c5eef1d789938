"""Real processes: a worker lives on and hears nothing. /readyz names it, and says so when it hears again.

The runbook's commands are run as they stand there, over the same processes.
"""

import subprocess
from collections.abc import Iterator

import pytest

from tests.docs.runbook import ROOT, commands_to_try
from tests.health.real_processes import RealProcesses, eventually

pytestmark = pytest.mark.own_database


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealProcesses]:
    with RealProcesses(tmp_path_factory.mktemp("deaf")) as processes:
        yield processes


def run_in_a_shell(command: str, running: RealProcesses) -> "subprocess.CompletedProcess[str]":
    """As somebody would type it, in the portal's folder and environment."""
    environment = running.environment("web")
    return subprocess.run(["sh", "-c", command], cwd=ROOT, env=environment, capture_output=True, text=True, check=False)


def test_a_worker_that_goes_deaf_is_named_while_it_lives_and_recovers(running: RealProcesses) -> None:
    eventually(lambda: running.failing() == set(), running.failing)
    running.lead_the_worker("elsewhere")
    # Beat publishes on, the worker's thread beats on: that it hears nothing is wrong, and what follows from it.
    eventually(lambda: running.failing() == {"worker_hearing", "sweep"}, running.failing)
    assert running.worker.poll() is None
    told = run_in_a_shell(commands_to_try()[0], running)
    assert told.returncode == 1
    assert "FAIL worker_hearing" in told.stdout
    assert "See docs/runbook.md." in told.stderr
    running.lead_the_worker("broker")
    eventually(lambda: running.failing() == set(), running.failing)
    assert running.worker.poll() is None


@pytest.mark.parametrize("command", commands_to_try())
def test_the_runbooks_commands_work_word_for_word(command: str, running: RealProcesses) -> None:
    said: list[str] = []

    def works() -> bool:
        ended = run_in_a_shell(command, running)
        said.append(f"{ended.returncode}: {ended.stdout}{ended.stderr}")
        return (ended.returncode, ended.stderr) == (0, "")

    eventually(works, lambda: said)  # right after the test before, something may still be late


def test_a_worker_that_ends_in_order_is_missed_at_once(running: RealProcesses) -> None:
    eventually(lambda: running.failing() == set(), running.failing)
    running.worker.terminate()
    assert running.worker.wait(60) == 0
    eventually(lambda: {"worker_alive", "worker_hearing"} <= (running.failing() or set()), running.failing)
