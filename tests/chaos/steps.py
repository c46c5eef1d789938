"""Which worker was at which operation, and how each step ended: read from the logs that every life of a worker left."""

import json
from collections.abc import Iterable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

from tests.chaos.evidence import Step

BEGUN = "operation.step"
ENDED = frozenset({"operation.stepped", "operation.lease_lost", "operation.crashed"})


def steps_in(logs: Iterable[Path]) -> Iterator[Step]:
    """Of every log of a worker's life; a step without an end was broken off by the death of its process."""
    for log in logs:
        yield from _steps_of(log.name, _lines(log))


def _steps_of(life: str, lines: Iterable[dict[str, Any]]) -> Iterator[Step]:
    running: dict[tuple[int, int], float] = {}
    for line in lines:
        key, at = (int(line["operation"]), int(line["fence"])), datetime.fromisoformat(line["timestamp"]).timestamp()
        if line["event"] == BEGUN:
            running[key] = at
        elif key in running:
            yield Step(life, key[0], running.pop(key), at, crashed=line["event"] == "operation.crashed")
    yield from (Step(life, operation, began, None) for (operation, _fence), began in running.items())


def _lines(log: Path) -> Iterator[dict[str, Any]]:
    with log.open("rb") as file:
        for raw in file:
            if b'"operation.' not in raw:
                continue
            try:
                line = json.loads(raw)
            except ValueError:  # cut off by the kill
                continue
            if line.get("event") in (BEGUN, *ENDED) and "fence" in line:
                yield line
