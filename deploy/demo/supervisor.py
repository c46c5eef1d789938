"""Starts processes, watches them, and ends all of them together. Knows nothing of what they are."""

import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import FrameType, TracebackType
from typing import Self

from deploy.demo.child import Child
from deploy.demo.problem import DemoProblem

COLOURS = (36, 32, 33, 35, 34)
GRACE_SECONDS = 10.0
GLANCE_SECONDS = 0.05
STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class AskedToStop(Exception):
    """A person pressed Ctrl-C, or somebody sent a signal."""


class Supervisor:
    """A context: whatever happens inside, no process outlives it.

    Every wait raises AskedToStop when somebody asks, and DemoProblem when a process ends that should not.
    """

    def __init__(self, cwd: Path) -> None:
        self._cwd = cwd
        self._children: list[Child] = []
        self._asked_to_stop = threading.Event()
        self._coloured = sys.stdout.isatty() and "NO_COLOR" not in os.environ

    def __enter__(self) -> Self:
        for number in STOP_SIGNALS:
            signal.signal(number, self._ask_to_stop)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, err: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._asked_to_stop.clear()
        # The first process carries the others, so it ends last.
        self._end(self._children[1:])
        self._end(self._children[:1])

    def _ask_to_stop(self, _number: int, _frame: FrameType | None) -> None:
        self._asked_to_stop.set()

    def start(self, name: str, command: Sequence[str], env: Mapping[str, str]) -> None:
        """Starts a process that is to run as long as the supervisor does."""
        self._children.append(Child(name, command, env, cwd=self._cwd, prefix=self._prefix(name)))

    def run(self, name: str, command: Sequence[str], env: Mapping[str, str]) -> None:
        """Runs a process to its end, which must be a good one."""
        passing = Child(name, command, env, cwd=self._cwd, prefix=self._prefix(name))
        try:
            self._wait(lambda: passing.exit_code() is not None)
            if passing.exit_code() != 0:
                raise DemoProblem(f"{name} failed with exit code {passing.exit_code()}; what it said stands above.")
        finally:
            passing.kill()

    def wait_until(self, is_ready: Callable[[], bool], *, of: str, within_seconds: float) -> None:
        """Waits until a process answers."""
        if not self._wait(is_ready, within_seconds=within_seconds):
            raise DemoProblem(f"{of} did not answer within {within_seconds:g} seconds.")

    def watch(self) -> None:
        """Waits until somebody asks to stop, or a process ends."""
        self._wait(lambda: False)

    def _wait(self, is_over: Callable[[], bool], *, within_seconds: float = float("inf")) -> bool:
        deadline = time.monotonic() + within_seconds
        while not is_over():
            if self._asked_to_stop.wait(GLANCE_SECONDS):
                raise AskedToStop
            for child in self._children:
                if child.exit_code() is not None:
                    raise DemoProblem(child.obituary())
            if time.monotonic() > deadline:
                return False
        return True

    def _end(self, children: Sequence[Child]) -> None:
        """Asks nicely; after the grace, or when asked to stop once more, does not ask."""
        for child in children:
            child.signal(signal.SIGTERM)
        deadline = time.monotonic() + GRACE_SECONDS
        while any(child.exit_code() is None for child in children):
            if self._asked_to_stop.wait(GLANCE_SECONDS) or time.monotonic() > deadline:
                break
        for child in children:
            child.kill()

    def _prefix(self, name: str) -> str:
        label = f"{name:>8} | "
        return f"\x1b[{COLOURS[len(self._children) % len(COLOURS)]}m{label}\x1b[0m" if self._coloured else label
