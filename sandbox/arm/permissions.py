"""Permissions - List For Resource and List For Resource Group: what the caller itself may do there."""

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from sandbox.arm.access import PERMISSIONS, allow
from sandbox.arm.virtual_machines import group_of, machine_of

READ = "Microsoft.Authorization/permissions/read"


async def list_for_group(request: Request) -> Response:
    app = allow(request, READ, PERMISSIONS)
    group_of(request)
    return _answer(app.actions)


async def list_for_machine(request: Request) -> Response:
    app = allow(request, READ, PERMISSIONS)
    machine_of(request)
    return _answer(app.actions)


def _answer(actions: tuple[str, ...]) -> Response:
    entry = {"actions": actions, "notActions": [], "dataActions": [], "notDataActions": []}
    return JSONResponse({"value": [entry]})
