"""One virtual machine and the changes Azure makes to it. Knows no clock, no wire and no other machine."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from sandbox.images import Image

DeleteOption = Literal["Detach", "Delete"]
ProvisioningState = Literal["Succeeded", "Updating", "Failed"]
PowerState = Literal["running", "stopped", "deallocated"]


def resource_group_id(subscription_id: str, resource_group: str) -> str:
    return f"/subscriptions/{subscription_id}/resourceGroups/{resource_group}"


def compute_id(subscription_id: str, resource_group: str, kind: str, name: str) -> str:
    return f"{resource_group_id(subscription_id, resource_group)}/providers/Microsoft.Compute/{kind}/{name}"


@dataclass(slots=True)
class Machine:
    subscription_id: str
    resource_group: str
    name: str
    location: str
    vm_id: str
    image: Image
    exact_version: str
    size: str
    os_disk_name: str
    os_disk_size_gb: int
    os_disk_created_at: datetime
    time_created: datetime
    storage_account_type: str = "Premium_LRS"
    caching: str = "ReadWrite"
    delete_option: DeleteOption = "Detach"
    ephemeral_placement: str | None = None
    power_state: PowerState = "running"
    provisioning_state: ProvisioningState = "Succeeded"
    tags: dict[str, str] = field(default_factory=dict)
    zones: tuple[str, ...] = ()
    data_disk_sizes_gb: tuple[int, ...] = ()
    created_with_custom_data: str | None = None
    revision: int = 1

    @property
    def id(self) -> str:
        return compute_id(self.subscription_id, self.resource_group, "virtualMachines", self.name)

    @property
    def key(self) -> str:
        """Resource ids are case-insensitive in Azure: this is what machines are looked up by."""
        return self.id.lower()

    @property
    def os_type(self) -> str:
        return self.image.os_type

    @property
    def is_ephemeral(self) -> bool:
        return self.ephemeral_placement is not None

    @property
    def os_disk_id(self) -> str:
        return self.disk_id(self.os_disk_name)

    def disk_id(self, name: str) -> str:
        return compute_id(self.subscription_id, self.resource_group, "disks", name)

    def data_disk_name(self, lun: int) -> str:
        return f"{self.name}_DataDisk_{lun}"

    def begin_update(self) -> None:
        self.provisioning_state = "Updating"
        self.revision += 1

    def finish_update(self, *, succeeded: bool) -> None:
        self.provisioning_state = "Succeeded" if succeeded else "Failed"
        self.revision += 1

    def replace_os_disk(self, token: str, at: datetime) -> None:
        """Give a managed OS disk a new name and id; vmId, NIC, timeCreated, deleteOption and image stay."""
        self.os_disk_name = f"{self.name}_OsDisk_1_{token}"
        self.os_disk_created_at = at
