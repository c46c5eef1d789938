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
from collections.abc import Callable, Iterator, Sequence
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
    for name in ("messages", "done"):
        (folder / name).mkdir(parents=True)
    with ExitStack() as stack:
        sandbox = stack.enter_context(SandboxProcess(vms=tasks, seed=seed, operation_seconds=scale.OPERATION_SECONDS))
        os.environ.update(_environment(sandbox, folder, broker_url))  # read by the module that holds the task
        from tests.chaos import naive

        worker = Process("control", (sys.executable, *WORKER), os.environ, folder)
        worker.start()
        stack.callback(worker.kill)
        machines = sorted({disk["machine_id"] for disk in sandbox.control("GET", "disks")})
        for machine in machines:
            naive.reimage.delay(machine)

        def harm(dice: random.Random) -> None:
            if broker_url.startswith("filesystem:"):
                _kill_all(worker, folder, machines)
            else:
                _kill(dice.choice(list(_pool_of(worker)) or [0]))

        found = _harmed_until_caught(sandbox, worker, harm, random.Random(f"control {seed}"))
        naive.app.close()
    return found


def _environment(sandbox: SandboxProcess, folder: Path, broker_url: str) -> dict[str, str]:
    with Client(sandbox, "operator") as operator:
        token = operator.token
    return {
        "CONTROL_BROKER_URL": broker_url.removesuffix("/0") + ("/9" if broker_url.startswith("redis:") else ""),
        "CONTROL_FOLDER": str(folder / "messages"),
        "CONTROL_DONE": str(folder / "done"),
        "CONTROL_AZURE": sandbox.https_url,
        "CONTROL_CA": sandbox.ca_file,
        "CONTROL_TOKEN": token,
    }


def _harmed_until_caught(
    sandbox: SandboxProcess, worker: Process, harm: Callable[[random.Random], None], dice: random.Random
) -> int:
    """kill -9, again and again, until it is clear or time is up."""
    deadline = time.monotonic() + LONGEST_SECONDS
    while (found := _duplicates(sandbox)) < ENOUGH and time.monotonic() < deadline:
        time.sleep(KILL_SECONDS * dice.uniform(0.75, 1.25))
        if not worker.is_running:
            worker.start()
        # Not before it works: Celery gives up altogether when a process of the pool dies while the pool starts.
        elif worker.has_said(b" ready.") and any(entry["accepted"] for entry in sandbox.ledger(action="reimage")):
            harm(dice)
    return found


def _kill(pid: int) -> None:
    """One process of the pool: Celery notices, and the task that it held goes back to the broker."""
    if not pid:
        return
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return


def _kill_all(worker: Process, folder: Path, machines: Sequence[str]) -> None:
    """The filesystem transport forgets what a dead worker held, so its part is played here: what is not done, again."""
    from tests.chaos import naive

    worker.kill()
    for message in (folder / "messages").glob("*.msg"):
        message.unlink(missing_ok=True)
    for machine in machines:
        if not (folder / "done" / machine.rpartition("/")[2]).exists():
            naive.reimage.delay(machine)


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
