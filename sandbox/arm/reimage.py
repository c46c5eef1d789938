"""Virtual Machines - Reimage, with every rule that its page states.

https://learn.microsoft.com/rest/api/compute/virtual-machines/reimage?view=rest-compute-2024-07-01
"""

from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from sandbox.arm.access import COMPUTE, allow
from sandbox.arm.bodies import json_body, members
from sandbox.arm.errors import invalid_parameter
from sandbox.arm.long_running import begin, refuse_if_updating, spend_update
from sandbox.arm.os_profile import check_admin_password, check_custom_data
from sandbox.arm.virtual_machines import machine_of
from sandbox.machines import Machine

_PARAMETERS = {"tempDisk": bool, "exactVersion": str, "osProfile": dict}
_OS_PROFILE = {"adminPassword": str, "customData": str}


async def reimage(request: Request) -> Response:
    caller = allow(request, "Microsoft.Compute/virtualMachines/reimage/action", COMPUTE)
    machine = machine_of(request)
    spend_update(request, machine)
    _check(await json_body(request), machine)
    refuse_if_updating(machine, "reimage")
    # exactVersion is accepted whatever it says and changes nothing, as recorded from Azure.
    return Response(status_code=202, headers=begin(request, caller, machine, "reimage"))


def _check(body: dict[str, Any], machine: Machine) -> None:
    parameters = members(body, "VirtualMachineReimageParameters", _PARAMETERS)
    if parameters.get("tempDisk") and not machine.is_ephemeral:
        message = "Parameter 'tempDisk' is only supported for a VM with an ephemeral OS disk."
        raise invalid_parameter(message, "tempDisk")
    if "osProfile" not in parameters:
        return
    if machine.is_ephemeral:
        message = "Parameter 'osProfile' is not supported for a VM with an ephemeral OS disk."
        raise invalid_parameter(message, "osProfile")
    os_profile = members(parameters["osProfile"], "OSProfileProvisioningData", _OS_PROFILE)
    if "adminPassword" in os_profile:
        check_admin_password(os_profile["adminPassword"], machine.os_type)
    if "customData" in os_profile:
        check_custom_data(os_profile["customData"], machine)
