"""Virtual Machines - Update, as far as it concerns a reimage: tags and the OS disk's deleteOption."""

from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from sandbox.arm.access import COMPUTE, allow
from sandbox.arm.bodies import json_body, members
from sandbox.arm.errors import ArmError, invalid_parameter
from sandbox.arm.long_running import begin, refuse_if_updating, spend_update
from sandbox.arm.rendering import virtual_machine
from sandbox.arm.virtual_machines import machine_of
from sandbox.machines import Machine

_OS_DISK = {"createOption": str, "deleteOption": str, "name": str, "osType": str, "managedDisk": dict}


async def update(request: Request) -> Response:
    caller = allow(request, "Microsoft.Compute/virtualMachines/write", COMPUTE)
    machine = machine_of(request)
    spend_update(request, machine)
    body = members(await json_body(request), "VirtualMachineUpdate", {"tags": dict, "properties": dict})
    os_disk = _os_disk_of(body.get("properties", {}))
    _check_os_disk(os_disk, machine)
    refuse_if_updating(machine, "update")
    urls = begin(request, caller, machine, "update")
    machine.delete_option = os_disk.get("deleteOption", machine.delete_option)
    machine.tags = body.get("tags", machine.tags)
    # The model comes back at once, in state Updating; Azure-AsyncOperation tells the end of it.
    return JSONResponse(virtual_machine(machine), headers={"Azure-AsyncOperation": urls["Azure-AsyncOperation"]})


def _os_disk_of(properties: dict[str, Any]) -> dict[str, Any]:
    storage = members(properties, "VirtualMachineProperties", {"storageProfile": dict}).get("storageProfile", {})
    os_disk = members(storage, "StorageProfile", {"osDisk": dict}).get("osDisk")
    if os_disk is None:
        return {}
    known = members(os_disk, "OSDisk", _OS_DISK)
    if "createOption" not in known:
        raise invalid_parameter("Required parameter 'osDisk.createOption' is missing (null).", "osDisk.createOption")
    return known


def _check_os_disk(os_disk: dict[str, Any], machine: Machine) -> None:
    unchangeable = {"createOption": "FromImage", "name": machine.os_disk_name, "osType": machine.os_type}
    for name, present in unchangeable.items():
        if os_disk.get(name, present) != present:
            message = f"Changing property 'osDisk.{name}' is not allowed."
            raise ArmError(409, "PropertyChangeNotAllowed", message, target=f"osDisk.{name}")
    disk_id = os_disk.get("managedDisk", {}).get("id", machine.os_disk_id)
    if disk_id.lower() != machine.os_disk_id.lower():
        message = "The sandbox does not swap OS disks: leave osDisk.managedDisk.id as it is."
        raise ArmError(409, "PropertyChangeNotAllowed", message, target="osDisk.managedDisk.id")
    option = os_disk.get("deleteOption", machine.delete_option)
    if option not in ("Delete", "Detach"):
        message = f"The value '{option}' of parameter 'osDisk.deleteOption' is invalid. Allowed: Delete, Detach."
        raise invalid_parameter(message, "osDisk.deleteOption")
    if machine.is_ephemeral and option != "Delete":
        message = f"deleteOption '{option}' is not supported for an ephemeral OS disk, which is always deleted."
        raise invalid_parameter(message, "osDisk.deleteOption")
