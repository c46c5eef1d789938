"""Tells a worker that something is due. Best effort: the sweeper finds whatever a lost message leaves behind."""

from collections.abc import Iterable

import structlog
from celery import current_app
from django.db import transaction

ADVANCE = "reimage.tasks.advance_operation"
ANSWER_VIEWS = "reimage.tasks.answer_password_views"
log = structlog.get_logger(__name__)


def ring_after_commit(operation_ids: Iterable[int]) -> None:
    """Rings once the transaction is committed, so that a worker finds what it is told of."""
    ids = list(operation_ids)
    transaction.on_commit(lambda: ring(ids), robust=True)


def ring_for_views_after_commit() -> None:
    """Somebody asked to see a generated password."""
    transaction.on_commit(lambda: _publish(ANSWER_VIEWS, [[]]))


def ring(operation_ids: Iterable[int]) -> None:
    """Publishes the ids. A broker that is down is logged and otherwise ignored."""
    _publish(ADVANCE, ([operation_id] for operation_id in operation_ids))


def _publish(task: str, calls: Iterable[list[int]]) -> None:
    try:
        for arguments in calls:
            current_app.send_task(task, args=arguments, ignore_result=True)
    except Exception as err:  # kombu raises whatever its transport does; none of it may stop the caller
        log.warning("doorbell.silent", error=type(err).__name__)
