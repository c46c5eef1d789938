"""Disks - Get, List, List By Resource Group (api-version 2024-03-02). A destroyed disk is not found any more."""

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from sandbox.arm.access import DISKS, allow
from sandbox.arm.errors import resource_not_found
from sandbox.arm.rendering import Json
from sandbox.arm.virtual_machines import group_of
from sandbox.clock import iso
from sandbox.disks import Disk
from sandbox.exchange import world_of
from sandbox.machines import compute_id

READ = "Microsoft.Compute/disks/read"


async def get(request: Request) -> Response:
    allow(request, READ, DISKS)
    params = request.path_params
    group_of(request)
    disk = world_of(request).disks.find(compute_id(params["subscription"], params["group"], "disks", params["name"]))
    if disk is None:
        raise resource_not_found("disks", params["name"], params["group"])
    return JSONResponse(_model(disk))


async def list_all(request: Request) -> Response:
    allow(request, READ, DISKS)
    return _list(request, f"/subscriptions/{request.path_params['subscription']}")


async def list_in_group(request: Request) -> Response:
    allow(request, READ, DISKS)
    return _list(request, group_of(request))


def _list(request: Request, scope: str) -> Response:
    return JSONResponse({"value": [_model(disk) for disk in world_of(request).disks.existing(scope)]})


def _model(disk: Disk) -> Json:
    properties: Json = {
        "creationData": {"createOption": "FromImage" if disk.os_type else "Empty"},
        "diskSizeGB": disk.size_gb,
        "diskState": disk.state,
        "provisioningState": "Succeeded",
        "timeCreated": iso(disk.created_at),
    }
    model: Json = {
        "name": disk.name,
        "id": disk.id,
        "type": "Microsoft.Compute/disks",
        "location": disk.location,
        "sku": {"name": disk.sku, "tier": "Premium" if disk.sku.startswith("Premium") else "Standard"},
        "properties": properties,
    }
    if disk.os_type:
        properties |= {"osType": disk.os_type, "hyperVGeneration": "V2"}
    if disk.fate == "attached":
        model["managedBy"] = disk.machine_id
    return model
