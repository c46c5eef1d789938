"""Thirty-two writers with 5 ms of other work in each transaction: on a chain of their own each, or all on one."""

import json
from contextlib import ExitStack
from statistics import median

from tests.bench.audit.portal import Portal
from tests.bench.services import Services

WRITERS, PROCESSES = 32, 4
SMALLEST = 2  # writers of one process, at a scale that is no more than a try
SECONDS = 10  # a turn
TURNS = 2  # of each, by turns: whatever else this machine does is shared
LEAST_RATIO = 8


def measure(services: Services, scale: float) -> dict[str, object]:
    """Events a second of both, and how many times as many. Same code, rows, database and settings: see appending.py."""
    portal, seconds = Portal(services), max(0.3, SECONDS * scale)
    processes, each, turns = (PROCESSES, WRITERS // PROCESSES, TURNS) if scale else (1, SMALLEST, 1)
    times: dict[str, list[float]] = {"many": [], "one": []}
    for _ in range(turns):
        for chains, taken in times.items():
            taken += _append(portal, chains, processes, each, seconds)
    ours, chained = (len(taken) / (turns * seconds) for taken in times.values())
    return {
        "writers": processes * each,
        "events_per_s": round(ours),
        "chained_events_per_s": round(chained),
        "p50_ms": round(median(times["many"]), 1),
        "chained_p50_ms": round(median(times["one"]), 1),
        "ratio": round(ours / chained, 2),
        # SQLite has one writer at a time whatever the log looks like: nothing to compare.
        "met": ours / chained >= LEAST_RATIO if services.database_url else None,
    }


def _append(portal: Portal, chains: str, processes: int, each: int, seconds: float) -> list[float]:
    """How long each append took, in milliseconds."""
    with ExitStack() as stack:
        program = ("-m", "tests.bench.audit.appending", chains, each, seconds)
        writers = [stack.enter_context(portal.start(*program, number * each)) for number in range(processes)]
        for writer in writers:
            if writer.stdout is None or writer.stdout.readline() != "ready\n":
                raise AssertionError("a writer did not start")
        for writer in writers:
            writer.stdin.write("go\n")
            writer.stdin.flush()
        return [taken for writer in writers for taken in json.loads(writer.stdout.readline())]
