"""However the supervisor ends, none of its processes is left."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.processes import PATIENCE_SECONDS, has_ended


@contextmanager
def supervised(*arguments: str) -> Iterator[tuple[subprocess.Popen[str], dict[str, int]]]:
    """The supervisor, and the pids of its processes by their names."""
    command = [sys.executable, "-m", "tests.deploy.supervised", *arguments]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        try:
            pids: dict[str, int] = {}
            while len(pids) < 3:
                name, pid = re.findall(r"(\w+) is (\d+)$", process.stdout.readline())[0]
                pids[name] = int(pid)
            yield process, pids
        finally:
            process.kill()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_every_process(number):
    with supervised() as (supervisor, pids):
        supervisor.send_signal(number)
        assert supervisor.communicate(timeout=PATIENCE_SECONDS)[0].endswith("asked to stop\n")
        assert supervisor.returncode == 0
        assert all(has_ended(pid) for pid in pids.values())


def test_asking_again_ends_even_a_stubborn_process():
    with supervised("stubborn") as (supervisor, pids):
        supervisor.send_signal(signal.SIGINT)
        assert supervisor.stdout.readline().endswith("no\n")
        supervisor.send_signal(signal.SIGINT)
        assert all(has_ended(pid) for pid in pids.values())
        assert supervisor.wait(timeout=PATIENCE_SECONDS) == 0


def test_no_line_of_one_process_is_within_a_line_of_another():
    with supervised() as (supervisor, pids):
        os.kill(pids["first"], signal.SIGUSR2)
        os.kill(pids["second"], signal.SIGUSR2)
        said = [supervisor.stdout.readline() for _ in range(10_000)]
        assert set(said) == {"   first | first talks\n", "  second | second talks\n"}


def test_a_process_that_ends_takes_the_others_with_it_and_its_last_words_are_told():
    with supervised() as (supervisor, pids):
        os.kill(pids["second"], signal.SIGUSR1)
        said = supervisor.communicate(timeout=PATIENCE_SECONDS)[0]
        assert supervisor.returncode == 1
        assert "second ended with exit code 1. The last it said:" in said
        assert said.endswith("the last words\n")
        assert all(has_ended(pid) for pid in pids.values())


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a process that its parent died")
def test_killing_the_supervisor_outright_ends_its_processes():
    with supervised() as (supervisor, pids):
        supervisor.kill()
        assert has_ended(pids["first"])
        assert has_ended(pids["second"])
        os.kill(pids["helper"], signal.SIGKILL)  # a web server would have ended it; this one leaves it behind
