"""Events as the services write them: some are recorded for real, their kin differ in who, what, when and salts."""

import hashlib
import json
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import transaction

from portal.audit.actors import Actor, Target
from portal.audit.canonical import canonical_time
from portal.audit.context import AuditContext, audit_context
from portal.audit.personal import MARK, SALT_BYTES, Personal, SaltedText, commitment_to
from portal.audit.services import record
from portal.identity import audit_actions as identity
from reimage import audit_actions as actions
from tests.cast import ALICE, BOB, TENANT_ID

PEOPLE, MACHINES = 500, 5_000
BEGIN = datetime(2025, 1, 1, tzinfo=UTC)
STEP = timedelta(seconds=30)  # between two events
WARNING = "Delete: the OS disk os-disk-{} and what is on it are gone for good once the machine is reimaged."
STEPS = (
    (actions.OPERATION_PREFLIGHT, "GET, equal to the plan"),
    (actions.DELETE_OPTION_CHANGING, "Detach"),
    (actions.DELETE_OPTION_CONFIRMED, "Detach"),
    (actions.OPERATION_SUBMITTING, "client-request-id"),
    (actions.OPERATION_ACCEPTED, "202, operation URL"),
    (actions.OPERATION_SUCCEEDED, "new OS disk, old one kept"),
)


@dataclass(frozen=True)
class Written:
    """An event as bytes, its digest, and what opens its commitments."""

    body: bytes
    digest: str
    texts: list[SaltedText]


@dataclass(frozen=True)
class Template:
    """The body of an event, and its personal texts by their fields."""

    body: dict[str, Any]
    texts: dict[str, str]


def events(count: int) -> Iterator[Written]:
    """So many events of a busy portal, oldest first: nine of each request, and a sign-in before them."""
    templates = _templates()
    previous = ""
    for number in range(count):
        request, place = divmod(number, len(templates))
        template = templates[place]
        event = template.body
        event["event_id"] = str(UUID(int=number * 0x9E3779B97F4A7C15F39CC0605CEDC835 & (1 << 128) - 1, version=4))
        event["occurred_at"] = canonical_time(BEGIN + number * STEP)
        if place:
            event["subject"], event["sequence"] = f"reimage_request:{request + 1}", place
            event["previous_digest"] = previous if place > 1 else ""
        texts = _move(template, request)
        body = json.dumps(event, ensure_ascii=False, separators=(",", ":")).encode()
        previous = hashlib.sha256(body).hexdigest()
        yield Written(body, previous, texts)


def _move(template: Template, request: int) -> list[SaltedText]:
    """To another person and machine, with salts of its own. The order of a body's members stays canonical."""
    actor, target, person = template.body["actor"], template.body["target"], request % PEOPLE
    if actor["object_id"]:
        actor["object_id"] = f"{person:08x}{actor['object_id'][8:]}"
    if target["kind"] == "virtual_machine":
        target |= machine(request % MACHINES).as_recorded()
    found = []
    for field, text in template.texts.items():
        salt, said = secrets.token_bytes(SALT_BYTES), f"{text.split()[0]} {person:03}" if "name" in field else text
        _member(template.body, field)[MARK] = commitment_to(salt, said)
        found.append(SaltedText(field, salt, said))
    return found


def _member(body: Any, field: str) -> Any:
    for name in field.split("/")[1:]:
        body = body[name]
    return body


def machine(number: int) -> Target:
    """One of the fleet."""
    name = f"vm-{number:05}"
    group = f"/subscriptions/aaaaaaaa-0000-4000-8000-000000000001/resourceGroups/rg-{number % 97}"
    return Target("virtual_machine", f"{group}/providers/Microsoft.Compute/virtualMachines/{name}", name)


def _templates() -> list[Template]:
    """Of one request's life, recorded and taken back."""
    with transaction.atomic(), audit_context(AuditContext(address="192.0.2.17")):
        recorded = [*_asking(), *_running()]
        found = [
            Template(json.loads(bytes(event.body)), {row.field: row.text for row in event.personal_texts.all()})
            for event in recorded
        ]
        transaction.set_rollback(True)
    return found


def _asking() -> list[Any]:
    alice, bob = (Actor("person", str(TENANT_ID), str(part.object_id), part.display_name) for part in (ALICE, BOB))
    request = Target("reimage_request", "1", "#1")
    warnings = [WARNING.format(number) for number in range(3)]
    return [
        record(action=identity.SIGNED_IN, actor=alice, target=Target.person(alice.object_id, alice.name)),
        record(
            action=actions.REQUEST_SUBMITTED,
            actor=alice,
            target=request,
            related=[machine(0)],
            flags=["delete_warning"],
            detail={"justification": Personal("The image is out of date."), "warnings": warnings},
        ),
        record(
            action=actions.REQUEST_APPROVED, actor=bob, target=request, detail={"comment": Personal("As discussed.")}
        ),
    ]


def _running() -> list[Any]:
    worker, request = Actor.system("worker"), Target("reimage_request", "1", "#1")
    with audit_context(AuditContext()):
        return [
            *(
                record(action=action, actor=worker, target=machine(0), related=[request], detail={"note": note})
                for action, note in STEPS
            ),
            record(action=actions.REQUEST_FINISHED, actor=worker, target=request, detail={"state": "completed"}),
        ]
