"""Azure's JSON into domain facts. Reads the documents of api-version 2024-07-01 and loses nothing that is used."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from reimage.domain.resource_ids import VirtualMachineId
from reimage.domain.virtual_machine import DeleteOption, ImageReference, OsDisk, OsType, VirtualMachineFacts

Json = Mapping[str, Any]


def facts_from_document(document: Json, *, read_at: datetime) -> VirtualMachineFacts:
    """A `VirtualMachine` document, with or without its instance view."""
    properties = document.get("properties") or {}
    storage = properties.get("storageProfile") or {}
    disk = storage.get("osDisk") or {}
    return VirtualMachineFacts(
        resource_id=VirtualMachineId.parse(document["id"]),
        vm_id=str(properties.get("vmId") or "").lower(),
        location=str(document.get("location") or ""),
        os_type=OsType(_os_type(properties, disk)),
        computer_name=(properties.get("osProfile") or {}).get("computerName"),
        provisioning_state=str(properties.get("provisioningState") or ""),
        power_state=power_state_of(properties.get("instanceView") or {}),
        image=_image(storage.get("imageReference") or {}),
        os_disk=_os_disk(disk),
        tags=dict(document.get("tags") or {}),
        data_disk_names=tuple(str(data.get("name") or "") for data in storage.get("dataDisks") or []),
        read_at=read_at,
        virtual_machine_scale_set_id=(properties.get("virtualMachineScaleSet") or {}).get("id"),
    )


def power_state_of(instance_view: Json) -> str | None:
    """The word after `PowerState/` among the statuses, None where Azure tells none."""
    codes = (str(status.get("code") or "") for status in instance_view.get("statuses") or [])
    return next((code.partition("/")[2] for code in codes if code.lower().startswith("powerstate/")), None)


def _os_type(properties: Json, disk: Json) -> str:
    """`osDisk.osType`; where an answer leaves it out, the OS profile tells."""
    if disk.get("osType"):
        return str(disk["osType"]).capitalize()
    return OsType.WINDOWS if (properties.get("osProfile") or {}).get("windowsConfiguration") else OsType.LINUX


def _os_disk(disk: Json) -> OsDisk:
    managed = disk.get("managedDisk") or {}
    local = disk.get("diffDiskSettings") or {}
    ephemeral = str(local.get("option") or "").lower() == "local"
    # The default is Detach for managed disks; an ephemeral OS disk is always Delete (OSDisk.deleteOption, 2024-07-01).
    default = DeleteOption.DELETE if ephemeral else DeleteOption.DETACH
    return OsDisk(
        name=str(disk.get("name") or ""),
        resource_id=managed.get("id"),
        delete_option=DeleteOption(str(disk.get("deleteOption") or default).capitalize()),
        ephemeral=ephemeral,
        ephemeral_placement=local.get("placement"),
        storage_type=managed.get("storageAccountType"),
        size_gb=disk.get("diskSizeGB"),
    )


def _image(reference: Json) -> ImageReference:
    return ImageReference(
        publisher=reference.get("publisher"),
        offer=reference.get("offer"),
        sku=reference.get("sku"),
        version=reference.get("version"),
        exact_version=reference.get("exactVersion"),
        id=reference.get("id") or reference.get("sharedGalleryImageId") or reference.get("communityGalleryImageId"),
    )
