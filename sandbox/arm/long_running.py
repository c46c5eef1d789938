"""Long-running operations on the wire: how one begins, its two URLs, and how they answer."""

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from sandbox.arm.access import COMPUTE, allow
from sandbox.arm.errors import ArmError, cloud_error
from sandbox.arm.rendering import Json
from sandbox.clock import iso
from sandbox.exchange import exchange_of, world_of
from sandbox.machines import Machine
from sandbox.operations import Cause, Failure, Kind, Operation
from sandbox.people import AppRegistration
from sandbox.settings import Settings


def spend_update(request: Request, machine: Machine) -> None:
    """Count an "Update VM" against the throttling buckets. Raises ArmError 429."""
    world, exchange = world_of(request), exchange_of(request)
    allowance = world.throttle.take_update(machine.key, machine.subscription_id, machine.location, world.clock.now())
    exchange.extra_headers["x-ms-ratelimit-remaining-resource"] = allowance.header
    if allowance.refused_by is not None:
        raise ArmError(
            429,
            "OperationNotAllowed",
            "The server rejected the request because too many requests have been received for this subscription.",
            details=[
                {
                    "code": "TooManyRequests",
                    "target": allowance.refused_by.name.partition("/")[2],
                    "message": f"The allowed number of requests is exhausted: {allowance.header}",
                }
            ],
            headers={"Retry-After": str(allowance.retry_after_seconds)},
        )


def refuse_if_updating(machine: Machine, action: str) -> None:
    if machine.provisioning_state == "Updating":
        raise ArmError(
            409,
            "OperationNotAllowed",
            f"Operation '{action}' is not allowed on VM '{machine.name}' since another operation is in progress on it "
            "(its provisioning state is 'Updating'). Please try again after that operation has ended.",
            target=machine.name,
        )


def begin(request: Request, caller: AppRegistration, machine: Machine, kind: Kind) -> dict[str, str]:
    """Accept a request: the machine is `Updating` from here on. Answers the URLs for the response's headers."""
    world, exchange = world_of(request), exchange_of(request)
    cause = Cause(
        client_id=caller.client_id,
        client_request_id=exchange.entry.client_request_id or "",
        correlation_id=exchange.correlation_id,
        api_version=request.query_params["api-version"],
    )
    operation = world.start(kind, machine, cause)
    exchange.entry.accepted = True
    _plan_trouble(operation, request)
    return _urls(operation, world.settings)


def _plan_trouble(operation: Operation, request: Request) -> None:
    exchange = exchange_of(request)
    operation.is_gone = exchange.has_fault("operation_gone")
    if exchange.has_fault("operation_failed") and exchange.fault:
        message = exchange.fault.message or "An internal execution error occurred. Please retry later."
        operation.planned_failure = Failure(exchange.fault.code or "InternalExecutionError", message)


def _urls(operation: Operation, settings: Settings) -> dict[str, str]:
    # Both as recorded from Azure: the opaque `p` belongs to the address, and there is no Retry-After.
    path = f"/subscriptions/{operation.subscription_id}/providers/Microsoft.Compute/locations/{operation.location}"
    query = f"p={operation.opaque}&api-version={operation.cause.api_version}"
    status_url = f"{settings.https_url}{path}/operations/{operation.id}?{query}"
    return {"Azure-AsyncOperation": status_url, "Location": f"{status_url}&monitor=true"}


async def status(request: Request) -> Response:
    allow(request, "Microsoft.Compute/locations/operations/read", COMPUTE)
    operation = _operation_of(request)
    if request.query_params.get("monitor") == "true":
        return _monitor(operation, world_of(request).settings)
    return JSONResponse(_status_body(operation))


def _operation_of(request: Request) -> Operation:
    operation_id = request.path_params["operation"]
    operation = world_of(request).operations.by_id.get(operation_id)
    is_known = operation is not None and not operation.is_gone
    if operation is None or not is_known or operation.opaque != request.query_params.get("p"):
        raise ArmError(404, "NotFound", f"The operation '{operation_id}' was not found.")
    return operation


def _status_body(operation: Operation) -> Json:
    body: Json = {"startTime": iso(operation.started_at), "status": operation.status, "name": operation.id}
    if operation.ended_at is not None:
        body["endTime"] = iso(operation.ended_at)
    if operation.failure is not None:
        body["error"] = {"code": operation.failure.code, "message": operation.failure.message}
    return body


def _monitor(operation: Operation, settings: Settings) -> Response:
    if operation.status == "InProgress":
        return Response(status_code=202, headers={"Location": _urls(operation, settings)["Location"]})
    if operation.failure is not None:
        return cloud_error(409, operation.failure.code, operation.failure.message)
    return Response(status_code=200)
