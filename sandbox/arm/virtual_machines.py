"""Virtual Machines - List All, List, Get, Instance View. Reads only; changes are in update.py and reimage.py."""

import base64

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from sandbox.arm.access import COMPUTE, allow
from sandbox.arm.errors import ArmError, bad_request, invalid_parameter, resource_not_found
from sandbox.arm.rendering import instance_view, virtual_machine
from sandbox.exchange import world_of
from sandbox.machines import Machine, compute_id, resource_group_id

READ = "Microsoft.Compute/virtualMachines/read"


async def list_all(request: Request) -> Response:
    allow(request, READ, COMPUTE)
    status_only = request.query_params.get("statusOnly", "false").lower() == "true"
    return _page(request, f"/subscriptions/{request.path_params['subscription']}", with_instance_view=status_only)


async def list_in_group(request: Request) -> Response:
    allow(request, READ, COMPUTE)
    return _page(request, group_of(request), with_instance_view=False)


async def get(request: Request) -> Response:
    allow(request, READ, COMPUTE)
    machine = machine_of(request)
    return JSONResponse(virtual_machine(machine, with_instance_view=_expands_instance_view(request)))


async def get_instance_view(request: Request) -> Response:
    allow(request, "Microsoft.Compute/virtualMachines/instanceView/read", COMPUTE)
    return JSONResponse(instance_view(machine_of(request)))


def machine_of(request: Request) -> Machine:
    """The machine that the path names. Raises ArmError 404."""
    params = request.path_params
    group = group_of(request)
    name = params["name"]
    machine = world_of(request).inventory.find(
        compute_id(params["subscription"], params["group"], "virtualMachines", name)
    )
    if machine is None:
        raise resource_not_found("virtualMachines", name, group.rpartition("/")[2])
    return machine


def group_of(request: Request) -> str:
    """The resource group id that the path names. Raises ArmError 404."""
    subscription, group = request.path_params["subscription"], request.path_params["group"]
    scope = resource_group_id(subscription, group)
    if not world_of(request).inventory.has_scope(scope):
        raise ArmError(404, "ResourceGroupNotFound", f"Resource group '{group}' could not be found.")
    return scope


def _page(request: Request, scope: str, *, with_instance_view: bool) -> Response:
    if "$filter" in request.query_params:
        raise bad_request("The sandbox has no virtual machine scale sets, so it takes no $filter.")
    with_view = with_instance_view or _expands_instance_view(request)
    world = world_of(request)
    size = world.settings.page_size
    machines = world.inventory.page(scope, _decoded(request.query_params.get("$skiptoken")), size + 1)
    body = {"value": [virtual_machine(machine, with_instance_view=with_view) for machine in machines[:size]]}
    if len(machines) > size:
        token = base64.urlsafe_b64encode(machines[size - 1].key.encode()).decode()
        rest = request.url.remove_query_params("$skiptoken").include_query_params(**{"$skiptoken": token})
        body["nextLink"] = f"{world.settings.https_url}{rest.path}?{rest.query}"  # type: ignore[assignment]  # a list beside it
    return JSONResponse(body)


def _decoded(token: str | None) -> str:
    try:
        return base64.urlsafe_b64decode(token or "").decode()
    except ValueError as error:
        raise invalid_parameter("The skip token is invalid; follow nextLink as it was given.", "$skiptoken") from error


def _expands_instance_view(request: Request) -> bool:
    wanted = request.query_params.get("$expand", "")
    if wanted.lower() not in ("", "instanceview", "userdata"):
        raise invalid_parameter(f"The expand value '{wanted}' is not valid.", "$expand")
    return wanted.lower() == "instanceview"
