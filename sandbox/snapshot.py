"""Keeps the state across a restart: only what differs from the seed, written atomically. Knows no wire."""

import json
import os
from dataclasses import asdict
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from sandbox.disks import Disk
from sandbox.images import find_image
from sandbox.machines import Machine
from sandbox.operations import Cause, Failure, Operation
from sandbox.people import Person
from sandbox.world import World

Json = dict[str, Any]
_TIMES = ("time_created", "os_disk_created_at", "created_at", "released_at", "started_at", "due_at", "ended_at")


class Snapshot:
    def __init__(self, file: Path) -> None:
        self._file = file

    def save_if_changed(self, world: World) -> None:
        if not world.is_dirty:
            return
        world.is_dirty = False
        draft = self._file.with_suffix(".new")
        draft.write_text(json.dumps(_state_of(world), default=datetime.isoformat))
        os.replace(draft, self._file)

    def restore(self, world: World) -> None:
        """Continue where the last run stopped; one that was started with another seed or number starts anew."""
        if not self._file.exists():
            return
        state = json.loads(self._file.read_text())
        if state["started_with"] == _started_with(world):
            _put_back(state, world)


def _started_with(world: World) -> list[int]:
    return [world.settings.seed, world.settings.vms]


def _state_of(world: World) -> Json:
    machines = {key: world.inventory.find(key) for key in sorted(world.inventory.changed)}
    return {
        "started_with": _started_with(world),
        "seed": world.seed,
        "vms": world.vms,
        "clock_offset_seconds": world.clock.offset.total_seconds(),
        "machines": {key: asdict(machine) if machine else None for key, machine in machines.items()},
        "released_disks": [asdict(disk) for disk in world.disks.released.values()],
        "operations": [asdict(operation) for operation in world.operations.by_id.values()],
        "people": [asdict(person) for person in world.directory.people.values()],
    }


def _put_back(state: Json, world: World) -> None:
    if [state["seed"], state["vms"]] != [world.seed, world.vms]:
        world.begin_again(state["seed"], state["vms"])
    world.clock.offset = timedelta(seconds=state["clock_offset_seconds"])
    for key, fields in state["machines"].items():
        if fields is None:
            world.inventory.remove(key)
        else:
            world.inventory.put(_machine(fields))
    for fields in state["released_disks"]:
        disk = Disk(**_with_times(fields))
        world.disks.released[disk.key] = disk
    for fields in state["operations"]:
        world.operations.add(_operation(fields))
    world.directory.people = {fields["oid"]: Person(**fields) for fields in state["people"]}


def _machine(fields: Json) -> Machine:
    image = find_image(fields["image"]["publisher"], fields["image"]["offer"], fields["image"]["sku"])
    lists = {name: tuple(fields[name]) for name in ("zones", "data_disk_sizes_gb")}
    return Machine(**{**_with_times(fields), **lists, "image": image})


def _operation(fields: Json) -> Operation:
    failures = {name: Failure(**fields[name]) if fields[name] else None for name in ("failure", "planned_failure")}
    return Operation(**{**_with_times(fields), **failures, "cause": Cause(**fields["cause"])})


def _with_times(fields: Json) -> Json:
    return {k: datetime.fromisoformat(v) if k in _TIMES and v else v for k, v in fields.items()}
