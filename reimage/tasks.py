"""What Celery runs: an id in, one service call out. Everything that matters is in the database."""

import structlog
from celery import shared_task, signals
from django.utils import timezone

from portal.audit.actors import Actor
from reimage.services import decision, doorbell, drafting, execution, inventory, leases, notification, sealing_keys

log = structlog.get_logger(__name__)


@signals.worker_init.connect
def refuse_to_start_blind(**_: object) -> None:
    """A worker that cannot open what the web process seals would fail every request that carries a password."""
    sealing_keys.check_private_keys()


@shared_task
def advance_operation(operation_id: int) -> None:
    """One step of one operation."""
    execution.advance_operation(operation_id)


@shared_task
def sweep() -> None:
    """Rings for whatever is due, ends what ran out of time, sends what waits in the outbox."""
    doorbell.ring(leases.due_operation_ids())
    for duty in (decision.expire_reimage_requests, drafting.discard_expired_drafts, notification.send_due_notices):
        try:
            duty(now=timezone.now())
        except Exception:  # one duty's trouble is not the others'; it is tried again in seconds
            log.exception("sweep.failed", duty=duty.__name__)


@shared_task
def sync_inventory() -> None:
    """Mirrors Azure's machines."""
    inventory.synchronize_inventory(actor=Actor.system("inventory"), now=timezone.now())
