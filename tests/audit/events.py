"""Makes events for the tests of the log, as a service would: within a transaction."""

from typing import Any

from django.db import transaction

from portal.audit.actors import Actor, Target
from portal.audit.catalogue import ACCESS_REFUSED, AuditAction
from portal.audit.models import AuditEvent
from portal.audit.services import record

WEB_01 = Target(
    "virtual_machine",
    "/subscriptions/aaaaaaaa-0000-4000-8000-000000000001/resourceGroups/rg-web/providers/Microsoft.Compute"
    "/virtualMachines/web-01",
    "web-01",
)
BATCH_01 = Target("virtual_machine", WEB_01.id.replace("web", "batch"), "batch-01")


def record_event(action: AuditAction = ACCESS_REFUSED, actor: Actor | None = None, **parts: Any) -> AuditEvent:
    """One event, by the portal itself unless an actor is given."""
    with transaction.atomic():
        return record(action=action, actor=actor or Actor.system("expiry"), **parts)
