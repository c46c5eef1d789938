"""Activity Logs - List: what was done to machines or refused, told late. Follows from operations and ledger alone.

https://learn.microsoft.com/rest/api/monitor/activity-logs/list
https://learn.microsoft.com/azure/azure-monitor/platform/activity-log-schema
"""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http import HTTPStatus

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from sandbox.arm.access import ACTIVITY_LOG, allow
from sandbox.arm.errors import bad_request
from sandbox.arm.rendering import Json
from sandbox.clock import iso
from sandbox.exchange import world_of
from sandbox.ledger import Entry
from sandbox.operations import Operation
from sandbox.people import APPS, OPERATOR, TENANT_ID

_ACTIONS = {
    "reimage": ("Microsoft.Compute/virtualMachines/reimage/action", "Reimage Virtual Machine"),
    "update": ("Microsoft.Compute/virtualMachines/write", "Create or Update Virtual Machine"),
}
_CLAUSE = re.compile(r"(\w+)\s+(eq|ge|le)\s+'([^']*)'", re.IGNORECASE)
# Refused for now, after the call was looked at.
REFUSALS = (HTTPStatus.CONFLICT, HTTPStatus.TOO_MANY_REQUESTS)
_FIELDS = ("eventTimestamp", "resourceUri", "resourceGroupName", "resourceProvider", "correlationId")


async def list_events(request: Request) -> Response:
    allow(request, "Microsoft.Insights/eventtypes/values/read", ACTIVITY_LOG)
    world = world_of(request)
    told_until = world.clock.now() - timedelta(seconds=world.settings.activity_log_delay_seconds)
    clauses = _clauses(request.query_params.get("$filter", ""))
    subscription = request.path_params["subscription"]
    told = [
        *(pair for operation in world.operations.by_id.values() for pair in _events(operation)),
        *(_refusal(entry) for entry in world.ledger.refused("reimage", REFUSALS)),
    ]
    events = [
        event
        for at, event in told
        if event["subscriptionId"] == subscription
        and at <= told_until
        and all(_fits(event, at, *clause) for clause in clauses)
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
    cause, app = operation.cause, APPS[operation.cause.client_id]
    return {
        **_call(operation.machine_id, operation.kind, cause.client_request_id, at),
        "caller": app.object_id,
        "claims": {"appid": app.client_id},
        "correlationId": cause.correlation_id,
        "eventDataId": f"{operation.id}-{status.lower()}",
        "eventName": _localizable("EndRequest" if operation.ended_at == at else "BeginRequest"),
        "id": f"{operation.machine_id}/events/{operation.id}-{status.lower()}",
        "level": "Error" if status == "Failed" else "Informational",
        "operationId": operation.id,
        "status": _localizable(status),
        "subStatus": _sub_status(HTTPStatus.ACCEPTED) if status == "Started" else _localizable(""),
    }


def _refusal(entry: Entry) -> tuple[datetime, Json]:
    """A call that Azure looked at and refused: it has an end without ever having been accepted."""
    at = datetime.fromisoformat(entry.at)
    identity = f"refused-{entry.id}"
    return at, {
        **_call(entry.path.rpartition("/")[0], "reimage", entry.client_request_id or "", at),
        "caller": OPERATOR.object_id,
        "claims": {"appid": OPERATOR.client_id},
        "correlationId": identity,
        "eventDataId": identity,
        "eventName": _localizable("EndRequest"),
        "id": f"{entry.vm}/events/{identity}",
        "level": "Error",
        "operationId": identity,
        "status": _localizable("Failed"),
        "subStatus": _sub_status(HTTPStatus(entry.status or 0)),
    }


def _call(machine_id: str, kind: str, client_request_id: str, at: datetime) -> Json:
    """What every event says of its call."""
    action, words = _ACTIONS[kind]
    return {
        "authorization": {"action": action, "scope": machine_id},
        "category": _localizable("Administrative"),
        "httpRequest": {
            "clientRequestId": client_request_id,
            "clientIpAddress": "127.0.0.1",
            "method": "POST" if kind == "reimage" else "PATCH",
        },
        "resourceGroupName": machine_id.split("/")[4],
        "resourceProviderName": _localizable("Microsoft.Compute"),
        "resourceId": machine_id,
        "resourceType": _localizable("Microsoft.Compute/virtualMachines"),
        "operationName": {"value": action, "localizedValue": words},
        "eventTimestamp": iso(at),
        "submissionTimestamp": iso(at),
        "subscriptionId": machine_id.split("/")[2],
        "tenantId": TENANT_ID,
    }


def _sub_status(status: HTTPStatus) -> dict[str, str]:
    """As the schema's page spells it: a name for programs, and words with the number for people."""
    name = status.phrase.replace(" ", "")
    return {"value": name, "localizedValue": f"{status.phrase} (HTTP Status Code: {status.value})"}


def _localizable(value: str) -> dict[str, str]:
    return {"value": value, "localizedValue": value}
