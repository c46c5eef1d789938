"""Runs the naive task under the same harm, and counts the machines that it wiped more than once.

If the campaign could not see these, it could not see the portal's either. A program of its own, because Celery knows
one application to a process, and its environment's broker comes before any other.
"""

import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

from portal.environment import CONTRACT
from tests.chaos import scale
from tests.chaos.processes import ROOT, Process
from tests.processes import descendants
from tests.sandbox.client import Client
from tests.sandbox_process import SandboxProcess

LONGEST_SECONDS = 120
ENOUGH = 3  # duplicates, after which it is clear
KILL_SECONDS = 2.0
WORKER = ("-m", "celery", "--app", "tests.chaos.naive", "--quiet", "worker", "--loglevel", "INFO", "--concurrency", "3")


class Control:
    """The program, seen from the campaign."""

    def __init__(self, folder: Path, broker_url: str, *, seed: int, tasks: int) -> None:
        self._command = [sys.executable, "-m", "tests.chaos.control", str(folder), broker_url, str(seed), str(tasks)]
        self._process: subprocess.Popen[str] | None = None

    def start(self) -> None:
        ours = {"DJANGO_SETTINGS_MODULE", *(setting.name for setting in CONTRACT)}
        environment = {name: value for name, value in os.environ.items() if name not in ours}
        self._process = subprocess.Popen(self._command, env=environment, cwd=ROOT, stdout=subprocess.PIPE, text=True)

    def duplicates(self) -> int:
        """Waits for its end."""
        assert self._process is not None
        said, _ = self._process.communicate()
        return int(said.strip() or 0)

    def end(self) -> None:
        """Asks it to end, should it still run."""
        if self._process is not None and self._process.poll() is None:
            self._process.terminate()
            self._process.wait()


def count_duplicates(folder: Path, broker_url: str, *, seed: int, tasks: int) -> int:
    """Accepted POSTs beyond one for each task."""
    (folder / "messages").mkdir(parents=True)
    with ExitStack() as stack:
        sandbox = stack.enter_context(SandboxProcess(vms=tasks, seed=seed, operation_seconds=scale.OPERATION_SECONDS))
        os.environ.update(_environment(sandbox, folder, broker_url))  # read by the module that holds the task
        from tests.chaos import naive

        worker = Process("control", (sys.executable, *WORKER), os.environ, folder)
        worker.start()
        stack.callback(worker.kill)
        for machine in sorted({disk["machine_id"] for disk in sandbox.control("GET", "disks")}):
            naive.reimage.delay(machine)
        found = _harmed_until_caught(sandbox, worker, random.Random(f"control {seed}"))
        naive.app.close()
    return found


def _environment(sandbox: SandboxProcess, folder: Path, broker_url: str) -> dict[str, str]:
    with Client(sandbox, "operator") as operator:
        token = operator.token
    return {
        "CONTROL_BROKER_URL": broker_url.removesuffix("/0") + ("/9" if broker_url.startswith("redis:") else ""),
        "CONTROL_FOLDER": str(folder / "messages"),
        "CONTROL_AZURE": sandbox.https_url,
        "CONTROL_CA": sandbox.ca_file,
        "CONTROL_TOKEN": token,
    }


def _harmed_until_caught(sandbox: SandboxProcess, worker: Process, dice: random.Random) -> int:
    """kill -9 to one process of the pool after the other, until it is clear or time is up."""
    deadline = time.monotonic() + LONGEST_SECONDS
    while (found := _duplicates(sandbox)) < ENOUGH and time.monotonic() < deadline:
        time.sleep(KILL_SECONDS * dice.uniform(0.75, 1.25))
        if not worker.is_running:
            worker.start()
        pool = list(_pool_of(worker))
        # Not before it works: Celery gives up altogether when a process of the pool dies while the pool starts.
        if pool and sandbox.ledger(action="reimage"):
            _kill(dice.choice(pool))
    return found


def _kill(pid: int) -> None:
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return


def _pool_of(worker: Process) -> Iterator[int]:
    """The processes that carry out tasks: children of the worker's main process, itself a child of `timeout`."""
    for main in worker.children():
        yield from descendants(main)


def _duplicates(sandbox: SandboxProcess) -> int:
    accepted = Counter(entry["vm"] for entry in sandbox.ledger(action="reimage") if entry["accepted"])
    return sum(count - 1 for count in accepted.values())


def main(arguments: list[str]) -> None:
    """Folder, broker, seed and number of tasks in, a number out."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    folder, broker_url, seed, tasks = arguments
    print(count_duplicates(Path(folder), broker_url, seed=int(seed), tasks=int(tasks)), flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
