"""Tells a worker that something is due. Best effort: the sweeper finds whatever a lost message leaves behind."""

from collections.abc import Iterable

import structlog
from celery import current_app
from django.db import transaction

ADVANCE = "reimage.tasks.advance_operation"
log = structlog.get_logger(__name__)


def ring_after_commit(operation_ids: Iterable[int]) -> None:
    """Rings once the transaction is committed, so that a worker finds what it is told of."""
    ids = list(operation_ids)
    transaction.on_commit(lambda: ring(ids), robust=True)


def ring(operation_ids: Iterable[int]) -> None:
    """Publishes the ids. A broker that is down is logged and otherwise ignored."""
    try:
        for operation_id in operation_ids:
            current_app.send_task(ADVANCE, args=[operation_id], ignore_result=True)
    except Exception as err:  # kombu raises whatever its transport does; none of it may stop the caller
        log.warning("doorbell.silent", error=type(err).__name__)
