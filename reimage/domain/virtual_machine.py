"""What the portal must know of a virtual machine to plan its reimage, and what stands against one.

Facts only, as Azure told them at `read_at`; how they were read is the business of another room.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from reimage.domain.errors import RuleViolation
from reimage.domain.resource_ids import VirtualMachineId

# https://learn.microsoft.com/azure/virtual-machines/states-billing: all others mean that an operation is under way, and
# so may one that nobody knows. Failed is no obstacle: a reimage may be the cure, and Azure forbids it nowhere.
QUIET_PROVISIONING_STATES = frozenset({"succeeded", "failed", "canceled"})


class OsType(StrEnum):
    LINUX = "Linux"
    WINDOWS = "Windows"


class DeleteOption(StrEnum):
    """What becomes of the OS disk. Reimage reads it too: Detach keeps the old OS disk, Delete destroys it."""

    DETACH = "Detach"
    DELETE = "Delete"


@dataclass(frozen=True, slots=True)
class ImageReference:
    """A platform image by its four names, or any other image by `id`. All absent: made from an existing disk."""

    publisher: str | None = None
    offer: str | None = None
    sku: str | None = None
    version: str | None = None
    exact_version: str | None = None
    id: str | None = None

    @property
    def urn(self) -> str | None:
        """publisher:offer:sku:version, or None for an image that is not a platform image."""
        parts = (self.publisher, self.offer, self.sku, self.version)
        return ":".join(part or "" for part in parts) if any(parts) else None

    @property
    def is_known(self) -> bool:
        return bool(self.urn or self.id)


@dataclass(frozen=True, slots=True)
class OsDisk:
    """`resource_id` is None for an unmanaged disk (a VHD in a storage account)."""

    name: str
    resource_id: str | None
    delete_option: DeleteOption
    ephemeral: bool = False
    ephemeral_placement: str | None = None
    storage_type: str | None = None
    size_gb: int | None = None


@dataclass(frozen=True, slots=True)
class VirtualMachineFacts:
    """`power_state` is the word after "PowerState/" (running, deallocated, …); `read_at` is aware."""

    resource_id: VirtualMachineId
    vm_id: str
    location: str
    os_type: OsType
    computer_name: str | None
    provisioning_state: str
    power_state: str | None
    image: ImageReference
    os_disk: OsDisk
    tags: Mapping[str, str]
    data_disk_names: tuple[str, ...]
    read_at: datetime
    virtual_machine_scale_set_id: str | None = None


def reimage_obstacles(facts: VirtualMachineFacts) -> tuple[RuleViolation, ...]:
    """Why this virtual machine cannot be reimaged now. What Azure leaves undocumented is in the plan instead."""
    return busy_violations(facts) + unsupported_violations(facts)


def busy_violations(facts: VirtualMachineFacts) -> tuple[RuleViolation, ...]:
    """Obstacles that pass by themselves."""
    if facts.provisioning_state.lower() in QUIET_PROVISIONING_STATES:
        return ()
    params = {"vm": facts.resource_id.name, "provisioning_state": facts.provisioning_state}
    return (RuleViolation("targets", "virtual_machine_busy", params),)


def unsupported_violations(facts: VirtualMachineFacts) -> tuple[RuleViolation, ...]:
    """Obstacles that stay: of such a machine the portal makes no plan."""
    if facts.os_disk.resource_id is not None:
        return ()
    # deleteOption is documented for managed disks only, and a reimage is verified by the disk's id: of an unmanaged
    # disk the portal could tell neither the fate of the old one nor that there is a new one.
    return (RuleViolation("targets", "os_disk_unmanaged", {"vm": facts.resource_id.name}),)
