"""How long the operations that a process held stood still after it died or was paused.

What it held is what its own log says it had begun with, and what the database says was still its own: same fence, lease
not given back. An operation moved on when its fence or its lease did.
"""

import json
import threading
import time
from pathlib import Path

from django.db import OperationalError, close_old_connections

from reimage.models import ReimageOperation

GLANCE_SECONDS = 0.25
LAST_BYTES = 400_000


class Recovery:
    """Watches from a thread of its own. `seconds` are the completed waits; `waiting` those that are not over."""

    def __init__(self) -> None:
        self.seconds: list[float] = []
        self._watched: dict[tuple[int, int], float] = {}
        self._lock = threading.Lock()
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._run, name="recovery")

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._is_over.set()
        self._thread.join()

    @property
    def waiting(self) -> int:
        return len(self._watched)

    def watch(self, log: Path, *, died_at: float) -> None:
        """From now on: what the process that wrote this log held when it died."""
        begun = last_steps(log)
        with self._lock:
            for operation, fence in begun.items():
                if _is_held(operation, fence):
                    self._watched[operation, fence] = died_at

    def _run(self) -> None:
        while not self._is_over.wait(GLANCE_SECONDS):
            with self._lock:
                self._look()
        close_old_connections()

    def _look(self) -> None:
        for (operation, fence), died_at in list(self._watched.items()):
            if not _is_held(operation, fence):
                self.seconds.append(time.time() - died_at)
                del self._watched[operation, fence]

    @property
    def p95_seconds(self) -> float:
        """0 where nothing was held by anything that died."""
        ordered = sorted(self.seconds)
        return round(ordered[min(len(ordered) - 1, int(0.95 * len(ordered)))], 1) if ordered else 0.0

    def __str__(self) -> str:
        """In one line: how many went on, and how late; how many did not."""
        parts = [f"{len(self.seconds)} operations that a dead or paused worker held went on"]
        if self.seconds:
            parts += [f"95 % of them within {self.p95_seconds} s", f"the last after {max(self.seconds):.1f} s"]
        return ", ".join([*parts, *([f"{self.waiting} did not"] if self.waiting else [])])


def _is_held(operation: int, fence: int) -> bool:
    try:
        held = ReimageOperation.objects.filter(pk=operation, fence=fence, lease_until__isnull=False)
        return held.exists()
    except OperationalError:  # looked at again in a moment
        close_old_connections()
        return True


def last_steps(log: Path) -> dict[int, int]:
    """The fence of each operation that the end of a worker's log speaks of."""
    found: dict[int, int] = {}
    with log.open("rb") as file:
        file.seek(max(0, log.stat().st_size - LAST_BYTES))
        for raw in file:
            if b'"fence"' not in raw:
                continue
            try:
                line = json.loads(raw)
                found[int(line["operation"])] = int(line["fence"])
            except (ValueError, KeyError, TypeError):  # a line that was cut off by the kill
                continue
    return found
