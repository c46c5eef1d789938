"""A machine as Azure writes it: the VirtualMachine model of api-version 2024-07-01 and its instance view."""

from typing import Any

from sandbox.clock import iso
from sandbox.machines import Machine, resource_group_id

Json = dict[str, Any]

_POWER_WORDS = {"running": "VM running", "stopped": "VM stopped", "deallocated": "VM deallocated"}
_PROVISIONING_WORDS = {"Succeeded": "Provisioning succeeded", "Updating": "Updating", "Failed": "Provisioning failed"}
_LEVELS = {"Failed": "Error"}


def virtual_machine(machine: Machine, *, with_instance_view: bool = False) -> Json:
    model: Json = {
        "name": machine.name,
        "id": machine.id,
        "type": "Microsoft.Compute/virtualMachines",
        "location": machine.location,
        "tags": machine.tags,
        "etag": f'"{machine.revision}"',
        "properties": properties(machine),
    }
    if machine.zones:
        model["zones"] = machine.zones
    if with_instance_view:
        model["properties"]["instanceView"] = instance_view(machine)
    return model


def properties(machine: Machine) -> Json:
    group = resource_group_id(machine.subscription_id, machine.resource_group)
    return {
        "hardwareProfile": {"vmSize": machine.size},
        "provisioningState": machine.provisioning_state,
        "vmId": machine.vm_id,
        "storageProfile": _storage_profile(machine),
        "osProfile": _os_profile(machine),
        "networkProfile": {
            "networkInterfaces": [{"id": f"{group}/providers/Microsoft.Network/networkInterfaces/{machine.name}-nic"}]
        },
        "diagnosticsProfile": {"bootDiagnostics": {"enabled": True}},
        "timeCreated": iso(machine.time_created),
    }


def _storage_profile(machine: Machine) -> Json:
    image = machine.image
    return {
        "imageReference": {
            "publisher": image.publisher,
            "offer": image.offer,
            "sku": image.sku,
            "version": "latest",
            "exactVersion": machine.exact_version,
        },
        "osDisk": _os_disk(machine),
        "dataDisks": [_data_disk(machine, lun, size) for lun, size in enumerate(machine.data_disk_sizes_gb)],
        "diskControllerType": "SCSI",
    }


def _os_disk(machine: Machine) -> Json:
    disk: Json = {
        "osType": machine.os_type,
        "name": machine.os_disk_name,
        "createOption": "FromImage",
        "caching": machine.caching,
        "managedDisk": {"storageAccountType": machine.storage_account_type, "id": machine.os_disk_id},
        "deleteOption": machine.delete_option,
        "diskSizeGB": machine.os_disk_size_gb,
    }
    if machine.is_ephemeral:
        disk["diffDiskSettings"] = {"option": "Local", "placement": machine.ephemeral_placement}
    return disk


def _data_disk(machine: Machine, lun: int, size_gb: int) -> Json:
    name = machine.data_disk_name(lun)
    return {
        "lun": lun,
        "name": name,
        "createOption": "Attach",
        "caching": "None",
        "managedDisk": {"storageAccountType": machine.storage_account_type, "id": machine.disk_id(name)},
        "deleteOption": "Detach",
        "diskSizeGB": size_gb,
        "toBeDetached": False,
    }


def _os_profile(machine: Machine) -> Json:
    profile: Json = {
        "computerName": machine.name[:15] if machine.os_type == "Windows" else machine.name,
        "adminUsername": "azureuser",
        "secrets": [],
        "allowExtensionOperations": True,
        "requireGuestProvisionSignal": True,
    }
    if machine.os_type == "Windows":
        profile["windowsConfiguration"] = {"provisionVMAgent": True, "enableAutomaticUpdates": True}
    else:
        profile["linuxConfiguration"] = {"disablePasswordAuthentication": False, "provisionVMAgent": True}
    return profile


def instance_view(machine: Machine) -> Json:
    view: Json = {
        "hyperVGeneration": "V2",
        "disks": [{"name": machine.os_disk_name, "statuses": [_provisioning_status("Succeeded")]}],
        "bootDiagnostics": {},
        "statuses": [
            {
                **_provisioning_status(machine.provisioning_state),
                "level": _LEVELS.get(machine.provisioning_state, "Info"),
            },
            power_state(machine),
        ],
    }
    if machine.power_state == "running":
        view |= {
            "computerName": machine.name,
            "osName": machine.image.os_name,
            "osVersion": machine.image.os_version,
        }
    return view


def power_state(machine: Machine) -> Json:
    return {
        "code": f"PowerState/{machine.power_state}",
        "level": "Info",
        "displayStatus": _POWER_WORDS[machine.power_state],
    }


def _provisioning_status(state: str) -> Json:
    return {
        "code": f"ProvisioningState/{state.lower()}",
        "level": "Info",
        "displayStatus": _PROVISIONING_WORDS[state],
    }
