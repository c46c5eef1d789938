"""A worker and beat over many approved operations, from start to finish, with what the sandbox and the kernel saw."""

import json
import subprocess
from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from tests.bench import process
from tests.installation import Installation, wait_for

HOURS = 2
FINISHED = "COUNT(*) FILTER (WHERE state IN ('succeeded', 'failed', 'canceled', 'drifted', 'needs_attention'))"
TIMES = """
import django; django.setup()
import json
from reimage.models import ReimageOperation as R
rows = R.objects.values_list("name", "state", "submitted_at", "accepted_at", "finished_at")
print(json.dumps([[str(value) if value else None for value in row] for row in rows]))
"""


@dataclass(frozen=True)
class Operation:
    """One machine's reimage, by the portal's record."""

    name: str
    state: str
    submitted_at: datetime
    finished_at: datetime


@dataclass(frozen=True)
class Run:
    """What came of it. Seconds and megabytes are the worker's; `arm` is every call that reached Azure meanwhile."""

    operations: list[Operation]
    cpu_s: float
    idle_mb: float
    peak_mb: float
    arm: list[dict[str, Any]]

    @property
    def accepted_at(self) -> dict[str, datetime]:
        """When Azure took each machine's POST on."""
        return {
            entry["vm"].rpartition("/")[2]: datetime.fromisoformat(entry["at"])
            for entry in self.arm
            if entry["accepted"] and entry["path"].endswith("/reimage")
        }

    @property
    def states(self) -> dict[str, int]:
        """How many ended how."""
        return dict(Counter(operation.state for operation in self.operations))

    @property
    def throttled(self) -> int:
        """Calls that Azure refused for their number."""
        return sum(entry["status"] == 429 for entry in self.arm)


def approve(installation: Installation, count: int) -> None:
    """So many operations, approved and waiting; no worker runs yet."""
    installation.run("-m", "tests.approve", count)
    installation.sandbox.control("DELETE", "requests")


def carry_through(installation: Installation, count: int, *, concurrency: int = 8) -> Run:
    """Starts a worker and beat, and waits until every operation has ended."""
    worker = installation.start_worker(concurrency=concurrency)
    wait_for(installation.has_worker, of="the worker")
    begun, idle = process.cpu_seconds(worker.pid), process.rss_mb(worker.pid)
    beat = installation.start_beat()
    wait_for(lambda: _has_ended(installation, worker, count), of="the end", within_seconds=HOURS * 3600, every=1.0)
    cpu, peak = process.cpu_seconds(worker.pid) - begun, process.peak_rss_mb(worker.pid)
    installation.end(beat)
    installation.end(worker)
    return Run(_operations(installation), cpu, idle, peak, installation.sandbox.ledger())


def _has_ended(installation: Installation, worker: subprocess.Popen[bytes], count: int) -> bool:
    if worker.poll() is not None:
        raise AssertionError("the worker has ended")
    ((ended,),) = installation.query(f"SELECT {FINISHED} FROM reimage_reimageoperation")  # noqa: S608  # a constant
    return bool(ended >= count)


def _operations(installation: Installation) -> list[Operation]:
    rows = json.loads(installation.run("-c", TIMES))
    return [
        Operation(name, state, datetime.fromisoformat(submitted), datetime.fromisoformat(finished))
        for name, state, submitted, _, finished in rows
        if submitted and finished
    ]
