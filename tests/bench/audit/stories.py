"""Events as the services write them, as templates: one is recorded for real, its kin differ in who, what and when."""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

from django.db import transaction

from portal.audit.actors import Actor, Target
from portal.audit.canonical import canonical_time
from portal.audit.services import record
from portal.identity import audit_actions as identity
from reimage import audit_actions as actions
from tests.cast import ALICE, BOB, TENANT_ID

PEOPLE, MACHINES = 500, 5_000
BEGIN = datetime(2025, 1, 1, tzinfo=UTC)
STEP = timedelta(seconds=30)  # between two events
WARNING = "Delete: the OS disk os-disk-{} and what is on it are gone for good once the machine is reimaged."


@dataclass(frozen=True)
class Written:
    """An event as bytes, with its digest."""

    body: bytes
    digest: str


def events(count: int) -> Iterator[Written]:
    """So many events of a busy portal, oldest first: nine of each request, and a sign-in before them."""
    templates = _templates()
    previous = ""
    for number in range(count):
        request, place = divmod(number, len(templates))
        event = templates[place]
        _move(event, number, request)
        if place:
            event["subject"], event["sequence"] = f"reimage_request:{request + 1}", place
            event["previous_digest"] = previous if place > 1 else ""
        body = json.dumps(event, ensure_ascii=False, separators=(",", ":")).encode()
        previous = hashlib.sha256(body).hexdigest()
        yield Written(body, previous)


def _move(event: dict[str, object], number: int, request: int) -> None:
    """Gives a template another key, time, person and machine; the order of its members stays canonical."""
    event["event_id"] = str(UUID(int=number * 0x9E3779B97F4A7C15F39CC0605CEDC835 & (1 << 128) - 1, version=4))
    event["occurred_at"] = canonical_time(BEGIN + number * STEP)
    actor, target = event["actor"], event["target"]
    if actor["kind"] == "person":  # type: ignore[index]
        person = request % PEOPLE
        actor["name"] = f"{actor['name'].split()[0]} {person:03}"  # type: ignore[index]
        actor["object_id"] = f"{person:08x}{actor['object_id'][8:]}"  # type: ignore[index]
    if target["kind"] == "virtual_machine":  # type: ignore[index]
        target.update(asdict(machine(request % MACHINES)))  # type: ignore[attr-defined]


def machine(number: int) -> Target:
    """One of the fleet."""
    name = f"vm-{number:05}"
    group = f"/subscriptions/aaaaaaaa-0000-4000-8000-000000000001/resourceGroups/rg-{number % 97}"
    return Target("virtual_machine", f"{group}/providers/Microsoft.Compute/virtualMachines/{name}", name)


def _templates() -> list[dict[str, object]]:
    alice, bob = (Actor("person", str(TENANT_ID), str(part.object_id), part.display_name) for part in (ALICE, BOB))
    about = machine(0)
    request = Target("reimage_request", "1", "#1")
    worker = Actor.system("worker")
    with transaction.atomic():
        written = [
            record(action=identity.SIGNED_IN, actor=alice, target=Target("user", alice.object_id, alice.name)),
            record(
                action=actions.REQUEST_SUBMITTED,
                actor=alice,
                target=request,
                related=[about],
                flags=["delete_warning"],
                detail={
                    "justification": "The image is out of date.",
                    "warnings": [WARNING.format(n) for n in range(3)],
                },
            ),
            record(action=actions.REQUEST_APPROVED, actor=bob, target=request, detail={"comment": "As discussed."}),
            *(
                record(
                    action=action, actor=worker, target=about, related=[request], detail={"attempt": 1, "note": note}
                )
                for action, note in (
                    (actions.OPERATION_PREFLIGHT, "GET, equal to the plan"),
                    (actions.DELETE_OPTION_CHANGING, "Detach"),
                    (actions.DELETE_OPTION_CONFIRMED, "Detach"),
                    (actions.OPERATION_SUBMITTING, "client-request-id"),
                    (actions.OPERATION_ACCEPTED, "202, operation URL"),
                    (actions.OPERATION_SUCCEEDED, "new OS disk, old one kept"),
                )
            ),
            record(action=actions.REQUEST_FINISHED, actor=worker, target=request, detail={"state": "completed"}),
        ]
        transaction.set_rollback(True)
    return [json.loads(bytes(event.body)) for event in written]
