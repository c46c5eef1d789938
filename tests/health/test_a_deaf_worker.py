"""Real processes: a worker lives on and hears nothing. /readyz names it, and says so when it hears again."""

from collections.abc import Iterator

import pytest

from tests.health.real_processes import RealProcesses, eventually


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealProcesses]:
    with RealProcesses(tmp_path_factory.mktemp("deaf")) as processes:
        yield processes


def test_a_worker_that_goes_deaf_is_named_while_it_lives_and_recovers(running: RealProcesses) -> None:
    eventually(lambda: running.failing() == set(), running.failing)
    running.lead_the_worker("elsewhere")
    # Beat publishes on, the worker's thread beats on: that it hears nothing is wrong, and what follows from it.
    eventually(lambda: running.failing() == {"worker_hearing", "sweep"}, running.failing)
    assert running.worker.poll() is None
    running.lead_the_worker("broker")
    eventually(lambda: running.failing() == set(), running.failing)
    assert running.worker.poll() is None


def test_a_worker_that_ends_in_order_is_missed_at_once(running: RealProcesses) -> None:
    eventually(lambda: running.failing() == set(), running.failing)
    running.worker.terminate()
    assert running.worker.wait(60) == 0
    eventually(lambda: {"worker_alive", "worker_hearing"} <= (running.failing() or set()), running.failing)
