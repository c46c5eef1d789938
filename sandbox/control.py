"""The control API under /_sandbox: the oracle and the strings to pull. For tests and demo, never for the portal."""

from dataclasses import asdict
from datetime import datetime
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from sandbox.clock import iso
from sandbox.drift import drift
from sandbox.entra.tampering import TAMPERS
from sandbox.exchange import world_of
from sandbox.faults import SenselessFaultError
from sandbox.machines import compute_id
from sandbox.people import Person
from sandbox.world import World


class ControlError(Exception):
    """What was asked of the control API makes no sense."""

    def __init__(self, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.status = status


async def answer_control_error(_request: Request, error: Exception) -> Response:
    return JSONResponse({"error": str(error)}, getattr(error, "status", 400))


async def health(_request: Request) -> Response:
    return JSONResponse({"status": "ok"})


async def requests(request: Request) -> Response:
    ledger = world_of(request).ledger
    if request.method == "DELETE":
        ledger.clear()
        return Response(status_code=204)
    wanted = {name: request.query_params.get(name, "") for name in ("vm", "method", "action")}
    return JSONResponse(list(ledger.select(**wanted)))


async def faults(request: Request) -> Response:
    waiting = world_of(request).faults
    if request.method == "DELETE":
        waiting.clear()
        return Response(status_code=204)
    if request.method == "POST":
        waiting.add(await _body(request))
    return JSONResponse(waiting.as_json())


async def virtual_machine(request: Request) -> Response:
    world, params = world_of(request), request.path_params
    vm_id = compute_id(params["subscription"], params["group"], "virtualMachines", params["name"])
    if request.method == "POST":
        patch = (await _body(request)).get("patch")
        if not isinstance(patch, dict):
            raise ControlError('send {"patch": {...}}')
        drift(world, vm_id, patch)
    return _json(_machine_state(world, vm_id))


def _machine_state(world: World, vm_id: str) -> dict[str, Any]:
    machine = world.inventory.find(vm_id)
    history = [asdict(disk) for disk in world.disks.history_of(vm_id)]
    if machine is None:
        return {"id": vm_id, "exists": False, "released_disks": history}
    state = {**asdict(machine), "id": machine.id, "exists": True, "os_type": machine.os_type}
    return {**state, "is_ephemeral": machine.is_ephemeral, "os_disk_id": machine.os_disk_id, "released_disks": history}


async def disks(request: Request) -> Response:
    vm = request.query_params.get("vm", "").lower()
    found = world_of(request).disks.everything()
    chosen = (d for d in found if not vm or vm in (d.machine_id.lower(), d.machine_id.lower().rpartition("/")[2]))
    return _json([{**asdict(disk), "state": disk.state} for disk in chosen])


async def operations(request: Request) -> Response:
    vm = request.query_params.get("vm", "").lower()
    found = world_of(request).operations.by_id.values()
    chosen = (o for o in found if not vm or vm in (o.machine_id.lower(), o.machine_id.lower().rpartition("/")[2]))
    return _json([asdict(operation) for operation in chosen])


async def clock(request: Request) -> Response:
    world = world_of(request)
    if request.method == "POST":
        seconds = (await _body(request)).get("advance_seconds")
        if not isinstance(seconds, int | float):
            raise ControlError('send {"advance_seconds": a number}')
        world.clock.advance(seconds)
        world.is_dirty = True
        world.tick()
    return JSONResponse({"now": iso(world.clock.now()), "offset_seconds": world.clock.offset.total_seconds()})


async def throttling(request: Request) -> Response:
    updates = (await _body(request)).get("updates_left")
    if not isinstance(updates, int):
        raise ControlError('send {"updates_left": a whole number}')
    world_of(request).throttle.leave(updates)
    return Response(status_code=204)


async def reset(request: Request) -> Response:
    world, wanted = world_of(request), await _body(request)
    world.clock.offset *= 0
    world.ledger.clear()
    world.begin_again(int(wanted.get("seed", world.seed)), int(wanted.get("vms", world.vms)))
    return JSONResponse({"seed": world.seed, "vms": len(world.inventory)})


async def entra(request: Request) -> Response:
    world, wanted = world_of(request), await _body(request)
    directory = world.directory
    chosen = wanted.get("person")
    if chosen is not None and chosen not in directory.people:
        raise ControlError(f"person must be an object id of {', '.join(directory.people)}")
    for person in [directory.people[chosen]] if chosen else directory.people.values():
        person.has_groups_overage = bool(wanted.get("overage", person.has_groups_overage))
        if chosen:
            person.groups = list(wanted.get("groups", person.groups))
            person.roles = list(wanted.get("roles", person.roles))
            _change_account(person, wanted, world.clock.real_now())
    tamper = wanted.get("next_id_token", {}).get("tamper")
    if tamper is not None and tamper not in TAMPERS:
        raise ControlError(f"tamper must be one of {', '.join(TAMPERS)}")
    directory.next_tamper = tamper
    world.is_dirty = True
    return JSONResponse({"people": [asdict(p) for p in directory.people.values()], "next_tamper": tamper})


def _change_account(person: Person, wanted: dict[str, Any], now: datetime) -> None:
    person.is_enabled = bool(wanted.get("enabled", person.is_enabled))
    person.is_deleted = bool(wanted.get("deleted", person.is_deleted))
    if wanted.get("revoke_sessions"):
        person.sessions_valid_from = now.isoformat()


async def _body(request: Request) -> dict[str, Any]:
    try:
        body = await request.json() if await request.body() else {}
    except ValueError as error:
        raise ControlError("the body is no JSON") from error
    if not isinstance(body, dict):
        raise ControlError("the body is no JSON object")
    return body


def _json(content: Any) -> Response:
    return JSONResponse(_plain(content))


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return iso(value) if isinstance(value, datetime) else value


CONTROL_ERRORS = (ControlError, SenselessFaultError)
CONTROL_ROUTES = [
    Route("/_sandbox/health", health),
    Route("/_sandbox/requests", requests, methods=["GET", "DELETE"]),
    Route("/_sandbox/faults", faults, methods=["GET", "POST", "DELETE"]),
    Route("/_sandbox/virtual-machines/{subscription}/{group}/{name}", virtual_machine, methods=["GET", "POST"]),
    Route("/_sandbox/disks", disks),
    Route("/_sandbox/operations", operations),
    Route("/_sandbox/clock", clock, methods=["GET", "POST"]),
    Route("/_sandbox/throttling", throttling, methods=["POST"]),
    Route("/_sandbox/reset", reset, methods=["POST"]),
    Route("/_sandbox/entra", entra, methods=["POST"]),
]
