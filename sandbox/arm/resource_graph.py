"""Azure Resource Graph - Resources: machines as rows, a page at a time. The query's reading is in kusto.py.

https://learn.microsoft.com/azure/governance/resource-graph/concepts/work-with-data
"""

import base64
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from sandbox.arm.access import RESOURCE_GRAPH, allow
from sandbox.arm.bodies import json_body
from sandbox.arm.errors import ArmError
from sandbox.arm.kusto import Query, UnreadableQueryError, parse
from sandbox.arm.rendering import Json, power_state, properties
from sandbox.exchange import exchange_of, world_of
from sandbox.generation import SUBSCRIPTIONS
from sandbox.machines import Machine
from sandbox.people import TENANT_ID
from sandbox.world import World

_LARGEST_PAGE = 1000
_END = "\uffff"


async def resources(request: Request) -> Response:
    allow(request, "Microsoft.ResourceGraph/resources/read", RESOURCE_GRAPH)
    exchange_of(request).extra_headers["x-ms-user-quota-remaining"] = "14"
    exchange_of(request).extra_headers["x-ms-user-quota-resets-after"] = "00:00:05"
    body = await json_body(request)
    try:
        query = parse(str(body.get("query", "")))
    except UnreadableQueryError as error:
        raise _bad_query("InvalidQuery", f"Query is invalid. {error}") from error
    options = body.get("options") or {}
    if options.get("resultFormat", "objectArray") != "objectArray":
        raise _bad_query("InvalidResultFormat", "The sandbox answers resultFormat objectArray only.")
    wanted = body.get("subscriptions") or list(SUBSCRIPTIONS)
    subscriptions = sorted(s.lower() for s in wanted if s.lower() in SUBSCRIPTIONS)
    return JSONResponse(_answer(world_of(request), query, options, subscriptions))


def _answer(world: World, query: Query, options: dict[str, Any], subscriptions: list[str]) -> Json:
    size = _page_size(options)
    after = _decoded(options.get("$skipToken"))
    machines = _page(world, subscriptions, after, size + 1) if query.wants_machines else []
    now = world.clock.now()
    total = sum(world.resource_graph.count(f"/subscriptions/{s}", now) for s in subscriptions)
    is_more = len(machines) > size
    rows = [query.project(_row(machine)) for machine in machines[:size]]
    answer: Json = {
        "totalRecords": total if query.wants_machines else 0,
        "count": len(rows),
        "data": rows,
        "facets": [],
        "resultTruncated": "false",
    }
    # Without a stable order there is no way to go on: rows beyond the first page are then lost.
    if is_more and query.is_ordered_by_id:
        answer["$skipToken"] = base64.b64encode(machines[size - 1].key.encode()).decode()
    elif is_more:
        answer["resultTruncated"] = "true"
    return answer


def _page(world: World, subscriptions: list[str], after: str, size: int) -> list[Machine]:
    """By id over several subscriptions: ids begin with the subscription, so one after the other."""
    machines: list[Machine] = []
    for subscription in subscriptions:
        scope, missing = f"/subscriptions/{subscription}", size - len(machines)
        if missing > 0 and f"{scope}/{_END}" > after:
            machines += world.resource_graph.page(scope, after, missing, world.clock.now())
    return machines


def _row(machine: Machine) -> Json:
    extended = {
        "instanceView": {
            "computerName": machine.name,
            "osName": machine.image.os_name,
            "osVersion": machine.image.os_version,
            "hyperVGeneration": "V2",
            "powerState": power_state(machine),
        }
    }
    return {
        "id": machine.id,
        "name": machine.name,
        "type": "microsoft.compute/virtualmachines",
        "tenantId": TENANT_ID,
        "kind": "",
        "location": machine.location,
        "resourceGroup": machine.resource_group.lower(),
        "subscriptionId": machine.subscription_id,
        "managedBy": "",
        "sku": None,
        "plan": None,
        "properties": {**properties(machine), "extended": extended},
        "tags": machine.tags,
        "identity": None,
        "zones": list(machine.zones) or None,
        "extendedLocation": None,
    }


def _page_size(options: dict[str, Any]) -> int:
    size = options.get("$top", _LARGEST_PAGE)
    if not isinstance(size, int) or not 1 <= size <= _LARGEST_PAGE:
        raise _bad_query("InvalidTop", f"$top must be a whole number from 1 to {_LARGEST_PAGE}.")
    return size


def _decoded(token: str | None) -> str:
    try:
        return base64.b64decode(token or "", validate=True).decode()
    except ValueError as error:
        raise _bad_query("InvalidSkipToken", "The $skipToken is invalid; send it back as it was given.") from error


def _bad_query(code: str, message: str) -> ArmError:
    summary = "Please provide below info when asking for support."
    return ArmError(400, "BadRequest", summary, details=[{"code": code, "message": message}])
