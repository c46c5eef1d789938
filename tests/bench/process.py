"""What the kernel counted for a process: CPU seconds and resident memory. Linux alone."""

import os
import resource
import threading
from pathlib import Path
from typing import Self

TICKS = os.sysconf("SC_CLK_TCK")
KIB_PER_MB = 1024


def cpu_seconds(pid: int) -> float:
    """Of the process and its threads, in user and kernel mode, so far."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def peak_rss_mb(pid: int) -> float:
    """The most memory it ever held."""
    return _status(pid, "VmHWM")


def rss_mb(pid: int) -> float:
    """The memory it holds now."""
    return _status(pid, "VmRSS")


def _status(pid: int, name: str) -> float:
    lines = Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines()
    value = next(line.split()[1] for line in lines if line.startswith(f"{name}:"))
    return int(value) / KIB_PER_MB


def cpu_seconds_of_children() -> float:
    """Of every process that this one started, and they in turn, and that has ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


class Memory:
    """A context: watches the memory of a process and of all that it starts. Pages that they share count once (PSS)."""

    def __init__(self, pid: int, *, every: float = 0.2) -> None:
        self._pid, self._every = pid, every
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._watch)
        self.peak_mb = 0.0

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._is_over.set()
        self._thread.join()

    def _watch(self) -> None:
        while True:
            self.peak_mb = max(self.peak_mb, sum(map(_pss_mb, _tree(self._pid))))
            if self._is_over.wait(self._every):
                return


def _tree(pid: int) -> list[int]:
    try:
        tasks = list(Path(f"/proc/{pid}/task").iterdir())
        children = [int(child) for task in tasks for child in (task / "children").read_text(encoding="ascii").split()]
    except OSError:  # it has just ended
        return []
    return [pid, *(process for child in children for process in _tree(child))]


def _pss_mb(pid: int) -> float:
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii").splitlines()
    except OSError:
        return 0.0
    return sum(int(line.split()[1]) for line in lines if line.startswith("Pss:")) / KIB_PER_MB
