"""Managed disks: those in use follow from the machines, those that a reimage or a deletion let go are kept here."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from sandbox.inventory import Inventory
from sandbox.machines import Machine

Fate = Literal["attached", "kept", "deleted"]


@dataclass
class Disk:
    id: str
    name: str
    subscription_id: str
    resource_group: str
    location: str
    sku: str
    size_gb: int
    created_at: datetime
    os_type: str | None
    machine_id: str
    fate: Fate = "attached"
    is_reserved: bool = False
    released_at: datetime | None = None

    @property
    def key(self) -> str:
        return self.id.lower()

    @property
    def exists(self) -> bool:
        return self.fate != "deleted"

    @property
    def state(self) -> str:
        if self.fate == "attached":
            return "Reserved" if self.is_reserved else "Attached"
        return "Unattached"


def disks_of(machine: Machine) -> Iterator[Disk]:
    """The managed disks a machine holds. An ephemeral OS disk is no resource of its own."""
    if not machine.is_ephemeral:
        yield os_disk_of(machine)
    for lun, size in enumerate(machine.data_disk_sizes_gb):
        yield _disk(machine, machine.data_disk_name(lun), size, machine.time_created, None)


def os_disk_of(machine: Machine) -> Disk:
    name, size = machine.os_disk_name, machine.os_disk_size_gb
    return _disk(machine, name, size, machine.os_disk_created_at, machine.os_type)


def _disk(machine: Machine, name: str, size: int, created_at: datetime, os_type: str | None) -> Disk:
    return Disk(
        id=machine.disk_id(name),
        name=name,
        subscription_id=machine.subscription_id,
        resource_group=machine.resource_group,
        location=machine.location,
        sku=machine.storage_account_type,
        size_gb=size,
        created_at=created_at,
        os_type=os_type,
        machine_id=machine.id,
        is_reserved=machine.power_state == "deallocated",
    )


class DiskRegister:
    def __init__(self, inventory: Inventory) -> None:
        self._inventory = inventory
        self.released: dict[str, Disk] = {}

    def release(self, disk: Disk, *, fate: Fate, at: datetime) -> None:
        """Let go of a disk: `kept` leaves it unattached, `deleted` destroys it. Both stay in the history."""
        disk.fate, disk.released_at = fate, at
        self.released[disk.key] = disk

    def find(self, key: str) -> Disk | None:
        """An existing disk. Detached ones first; an attached one is named after its machine."""
        released = self.released.get(key.lower())
        if released is not None:
            return released if released.exists else None
        group, _, name = key.lower().partition("/providers/microsoft.compute/disks/")
        machine_name = name.rsplit("_osdisk_", 1)[0].rsplit("_datadisk_", 1)[0]
        machine = self._inventory.find(f"{group}/providers/microsoft.compute/virtualmachines/{machine_name}")
        return next((disk for disk in disks_of(machine) if disk.key == key.lower()), None) if machine else None

    def history_of(self, machine_id: str) -> list[Disk]:
        return [disk for disk in self.released.values() if disk.machine_id.lower() == machine_id.lower()]

    def existing(self, scope: str) -> Iterator[Disk]:
        """Existing disks within a subscription or resource group id."""
        inside = f"{scope.lower()}/"
        for machine in self._inventory.all():
            if machine.key.startswith(inside):
                yield from disks_of(machine)
        yield from (disk for disk in self.released.values() if disk.exists and disk.key.startswith(inside))

    def everything(self) -> Iterator[Disk]:
        for machine in self._inventory.all():
            yield from disks_of(machine)
        yield from self.released.values()
