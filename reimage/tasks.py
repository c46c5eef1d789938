"""What Celery runs: an id in, one service call out. Everything that matters is in the database."""

import time

import structlog
from celery import shared_task, signals

from portal.audit.actors import Actor
from portal.worker_start import refuse_to_start
from reimage.azure import time_limits
from reimage.services import (
    alarms,
    awaited_passwords,
    decision,
    doorbell,
    drafting,
    execution,
    inventory,
    leases,
    notification,
    overdue_secrets,
    sealing_keys,
    view_answers,
)
from reimage.services.clock import database_now

INVENTORY_SECONDS = 240
log = structlog.get_logger(__name__)


class DutiesFailed(Exception):
    """Some came to nothing, so this round is not one that ended: a probe finds that no sweep ends any more."""


@signals.worker_init.connect
def refuse_to_start_blind(**_: object) -> None:
    """A worker that cannot open what the web process seals would fail every request that carries a password.

    Celery logs an Exception of a handler and goes on, so it takes more than one to stop the worker.
    """
    try:
        sealing_keys.check_private_keys()
    except sealing_keys.SealingError as err:
        refuse_to_start(err)


@shared_task
def advance_operation(operation_id: int) -> None:
    """One step of one operation."""
    execution.advance_operation(operation_id)


@shared_task
def answer_password_views() -> None:
    """Seals what somebody asked to see for their browser."""
    view_answers.answer_views(now=database_now())


@shared_task(throws=(DutiesFailed,))
def sweep() -> None:
    """Rings for whatever is due, and does the duties."""
    doorbell.ring(leases.due_operation_ids())
    do_duties()


def do_duties() -> None:
    """Ends what ran out of time, raises alarms, sends what waits. Also done at once in several processes.

    Raises DutiesFailed, after all of them, if some failed: their errors are in the log.
    """
    failed: list[str] = []
    for duty in (
        decision.expire_reimage_requests,
        awaited_passwords.expire_awaited_passwords,
        overdue_secrets.destroy_overdue_secrets,
        drafting.discard_expired_drafts,
        view_answers.answer_views,
        view_answers.expire_unseen_passwords,
        alarms.watch_execution,
        notification.send_due_notices,
    ):
        try:
            duty(now=database_now())
        except Exception:  # one duty's trouble is not the others'; it is tried again in seconds
            log.exception("sweep.failed", duty=duty.__name__)
            failed.append(duty.__name__)
    if failed:
        raise DutiesFailed(", ".join(failed))


@shared_task
def sync_inventory() -> None:
    """Mirrors Azure's machines. Each look at them ends before the next one is due."""
    deadline = time.monotonic() + INVENTORY_SECONDS
    with time_limits.until(lambda: deadline):
        inventory.synchronize_inventory(actor=Actor.system("inventory"), now=database_now())
