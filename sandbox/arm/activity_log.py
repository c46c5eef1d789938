"""Activity Logs - List: what was done to machines, told late. Follows from the operations; keeps nothing of its own.

https://learn.microsoft.com/rest/api/monitor/activity-logs/list
"""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from sandbox.arm.access import ACTIVITY_LOG, allow
from sandbox.arm.errors import bad_request
from sandbox.arm.rendering import Json
from sandbox.clock import iso
from sandbox.exchange import world_of
from sandbox.operations import Operation
from sandbox.people import APPS, TENANT_ID

_ACTIONS = {
    "reimage": ("Microsoft.Compute/virtualMachines/reimage/action", "Reimage Virtual Machine"),
    "update": ("Microsoft.Compute/virtualMachines/write", "Create or Update Virtual Machine"),
}
_CLAUSE = re.compile(r"(\w+)\s+(eq|ge|le)\s+'([^']*)'", re.IGNORECASE)
_FIELDS = ("eventTimestamp", "resourceUri", "resourceGroupName", "resourceProvider", "correlationId")


async def list_events(request: Request) -> Response:
    allow(request, "Microsoft.Insights/eventtypes/values/read", ACTIVITY_LOG)
    world = world_of(request)
    told_until = world.clock.now() - timedelta(seconds=world.settings.activity_log_delay_seconds)
    clauses = _clauses(request.query_params.get("$filter", ""))
    subscription = request.path_params["subscription"]
    events = [
        event
        for operation in world.operations.by_id.values()
        if operation.subscription_id == subscription
        for at, event in _events(operation)
        if at <= told_until and all(_fits(event, at, *clause) for clause in clauses)
    ]
    return JSONResponse({"value": sorted(events, key=lambda event: str(event["eventTimestamp"]), reverse=True)})


def _clauses(text: str) -> list[tuple[str, str, str]]:
    """The filter's clauses, all of which must hold. Raises ArmError 400."""
    clauses = [(name, operator.lower(), value) for name, operator, value in _CLAUSE.findall(text)]
    if not any(name == "eventTimestamp" and operator == "ge" for name, operator, _ in clauses):
        raise bad_request("The $filter must state a start: eventTimestamp ge '2024-07-01T00:00:00Z'.")
    if unknown := {name for name, _, _ in clauses} - set(_FIELDS):
        raise bad_request(f"The $filter cannot ask for {', '.join(sorted(unknown))}.")
    return clauses


def _fits(event: Json, at: datetime, name: str, operator: str, value: str) -> bool:
    if name == "eventTimestamp":
        moment = datetime.fromisoformat(value)
        moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        return at >= moment if operator == "ge" else at <= moment
    actual = {
        "resourceUri": event["resourceId"],
        "resourceGroupName": event["resourceGroupName"],
        "resourceProvider": event["resourceProviderName"]["value"],
        "correlationId": event["correlationId"],
    }[name]
    return str(actual).lower() == value.lower()


def _events(operation: Operation) -> Iterator[tuple[datetime, Json]]:
    yield operation.started_at, _event(operation, "Started", operation.started_at)
    if operation.ended_at is not None:
        yield operation.ended_at, _event(operation, operation.status, operation.ended_at)


def _event(operation: Operation, status: str, at: datetime) -> Json:
    action, words = _ACTIONS[operation.kind]
    cause, app = operation.cause, APPS[operation.cause.client_id]
    return {
        "authorization": {"action": action, "scope": operation.machine_id},
        "caller": app.object_id,
        "claims": {"appid": app.client_id},
        "correlationId": cause.correlation_id,
        "eventDataId": f"{operation.id}-{status.lower()}",
        "eventName": _localizable("EndRequest" if operation.ended_at == at else "BeginRequest"),
        "category": _localizable("Administrative"),
        "httpRequest": {
            "clientRequestId": cause.client_request_id,
            "clientIpAddress": "127.0.0.1",
            "method": "POST" if operation.kind == "reimage" else "PATCH",
        },
        "id": f"{operation.machine_id}/events/{operation.id}-{status.lower()}",
        "level": "Error" if status == "Failed" else "Informational",
        "resourceGroupName": operation.machine_id.split("/")[4],
        "resourceProviderName": _localizable("Microsoft.Compute"),
        "resourceId": operation.machine_id,
        "resourceType": _localizable("Microsoft.Compute/virtualMachines"),
        "operationId": operation.id,
        "operationName": {"value": action, "localizedValue": words},
        "status": _localizable(status),
        "subStatus": _localizable("Accepted (HTTP Status Code: 202)" if status == "Started" else ""),
        "eventTimestamp": iso(at),
        "submissionTimestamp": iso(at),
        "subscriptionId": operation.subscription_id,
        "tenantId": TENANT_ID,
    }


def _localizable(value: str) -> dict[str, str]:
    return {"value": value, "localizedValue": value}
