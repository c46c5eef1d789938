"""All routes under one ASGI application, which both ports serve."""

from collections.abc import Callable

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from sandbox.accounts import ACCOUNT_ROUTES
from sandbox.arm import (
    activity_log,
    disks,
    images,
    long_running,
    permissions,
    resource_graph,
    subscriptions,
    virtual_machines,
)
from sandbox.arm.errors import ArmError, answer_arm_error, cloud_error
from sandbox.arm.reimage import reimage
from sandbox.arm.update import update
from sandbox.control import CONTROL_ERRORS, CONTROL_ROUTES, answer_control_error
from sandbox.drift import SenselessDriftError
from sandbox.entra import authorize, discovery, sign_out, token_endpoint
from sandbox.entra.errors import EntraError, answer_entra_error
from sandbox.entra.signing import SigningKey
from sandbox.graph import GRAPH_ROUTES, GraphError, answer_graph_error
from sandbox.wire import Wire
from sandbox.world import World

# Resource Manager ignores the case of its paths: wire.py lowers them, so these are lower case.
_SUBSCRIPTION = "/subscriptions/{subscription}"
_COMPUTE = _SUBSCRIPTION + "/providers/microsoft.compute"
_GROUP_COMPUTE = _SUBSCRIPTION + "/resourcegroups/{group}/providers/microsoft.compute"
_VM = _GROUP_COMPUTE + "/virtualmachines/{name}"
_IMAGE = _COMPUTE + "/locations/{location}/publishers/{publisher}/artifacttypes/vmimage/offers/{offer}/skus/{sku}"
_PERMISSIONS = "/providers/microsoft.authorization/permissions"
_EVENTS = _SUBSCRIPTION + "/providers/microsoft.insights/eventtypes/management/values"

ARM_ROUTES = [
    Route(_COMPUTE + "/virtualmachines", virtual_machines.list_all),
    Route(_GROUP_COMPUTE + "/virtualmachines", virtual_machines.list_in_group),
    Route(_VM, virtual_machines.get),
    Route(_VM, update, methods=["PATCH"]),
    Route(_VM + "/instanceview", virtual_machines.get_instance_view),
    Route(_VM + "/reimage", reimage, methods=["POST"]),
    Route(_COMPUTE + "/locations/{location}/operations/{operation}", long_running.status),
    Route(_COMPUTE + "/disks", disks.list_all),
    Route(_GROUP_COMPUTE + "/disks", disks.list_in_group),
    Route(_GROUP_COMPUTE + "/disks/{name}", disks.get),
    Route(_IMAGE + "/versions", images.list_versions),
    Route(_VM + _PERMISSIONS, permissions.list_for_machine),
    Route(_SUBSCRIPTION + "/resourcegroups/{group}" + _PERMISSIONS, permissions.list_for_group),
    Route(_EVENTS, activity_log.list_events),
    Route("/subscriptions", subscriptions.list_all),
    Route(_SUBSCRIPTION, subscriptions.get),
    Route("/providers/microsoft.resourcegraph/resources", resource_graph.resources, methods=["POST"]),
]
ENTRA_ROUTES = [
    Route("/{tenant}/v2.0/.well-known/openid-configuration", discovery.configuration),
    Route("/{tenant}/discovery/v2.0/keys", discovery.keys),
    Route("/{tenant}/oauth2/v2.0/authorize", authorize.authorize),
    Route("/{tenant}/oauth2/v2.0/authorize", authorize.choose, methods=["POST"]),
    Route("/{tenant}/oauth2/v2.0/token", token_endpoint.token, methods=["POST"]),
    Route("/{tenant}/oauth2/v2.0/logout", sign_out.sign_out),
]


def make_app(world: World, signing_key: SigningKey, save: Callable[[], None]) -> ASGIApp:
    app = Starlette(
        routes=[*CONTROL_ROUTES, *ARM_ROUTES, *GRAPH_ROUTES, *ACCOUNT_ROUTES, *ENTRA_ROUTES],
        exception_handlers={
            ArmError: answer_arm_error,
            EntraError: answer_entra_error,
            GraphError: answer_graph_error,
            HTTPException: _answer_unknown_route,
            SenselessDriftError: answer_control_error,
            **dict.fromkeys(CONTROL_ERRORS, answer_control_error),
        },
    )
    app.state.world = world
    app.state.signing_key = signing_key
    return Wire(app, world, save)


async def _answer_unknown_route(request: Request, error: Exception) -> Response:
    status = getattr(error, "status_code", 404)
    message = f"The sandbox does not simulate {request.method} {request.url.path}."
    if request.url.path.startswith("/_sandbox/"):
        return JSONResponse({"error": message}, status)
    return cloud_error(status, "NotFound" if status == 404 else "MethodNotAllowed", message)
