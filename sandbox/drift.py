"""Changes to a machine that somebody else made, behind the portal's back. Knows no wire."""

from typing import Any
from uuid import uuid4

from sandbox.disks import Fate, disks_of
from sandbox.machines import Machine
from sandbox.world import World

_FIELDS = {
    "delete_option": ("Detach", "Delete"),
    "provisioning_state": ("Succeeded", "Updating", "Failed"),
    "power_state": ("running", "stopped", "deallocated"),
    "ephemeral_placement": (None, "CacheDisk", "ResourceDisk"),
}
_ONCE = ("delete", "recreate", "replace_os_disk", "move_to")
_PATCHABLE = (*_FIELDS, "tags", "exact_version", "created_with_custom_data", *_ONCE)


class SenselessDriftError(ValueError):
    """A change that cannot be made."""


def drift(world: World, vm_id: str, patch: dict[str, Any]) -> None:
    """Change fields; `delete`, `recreate` (a new vmId under the old name) and `replace_os_disk` take true.

    `move_to` takes the name of a resource group: the same machine, vmId and disks, under another id.
    """
    machine = world.inventory.find(vm_id)
    if machine is None:
        raise SenselessDriftError(f"no machine {vm_id}")
    _check(patch)
    world.changing(machine.key)
    if patch.get("delete"):
        _release_all(world, machine)
        world.inventory.remove(machine.key)
        return
    if patch.get("move_to"):
        world.inventory.remove(machine.key)
        machine.resource_group = str(patch["move_to"])
    if patch.get("recreate"):
        _release_all(world, machine)
        machine.vm_id, machine.time_created = str(uuid4()), world.clock.now()
        machine.provisioning_state = "Succeeded"
    if patch.get("recreate") or patch.get("replace_os_disk"):
        machine.replace_os_disk(uuid4().hex, world.clock.now())
    _set_fields(machine, patch)
    world.inventory.put(machine)


def _check(patch: dict[str, Any]) -> None:
    if unknown := set(patch) - set(_PATCHABLE):
        raise SenselessDriftError(f"cannot change {', '.join(sorted(unknown))}; only {', '.join(_PATCHABLE)}")
    for name, allowed in _FIELDS.items():
        if name in patch and patch[name] not in allowed:
            raise SenselessDriftError(f"{name} must be one of {', '.join(map(str, allowed))}, not {patch[name]!r}")


def _set_fields(machine: Machine, patch: dict[str, Any]) -> None:
    machine.revision += 1
    machine.tags = {**machine.tags, **patch.get("tags", {})}
    for name in (*_FIELDS, "exact_version", "created_with_custom_data"):
        if name in patch:
            setattr(machine, name, patch[name])


def _release_all(world: World, machine: Machine) -> None:
    for disk in disks_of(machine):
        is_os_disk = disk.id == machine.os_disk_id
        fate: Fate = "deleted" if is_os_disk and machine.delete_option == "Delete" else "kept"
        world.disks.release(disk, fate=fate, at=world.clock.now())
