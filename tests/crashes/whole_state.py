"""Everything that a deed may change, without ids and times: two moments are alike, or something was half done."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db import transaction

from portal.audit.models import AuditEvent
from reimage.models import (
    ApprovalDecision,
    ExecutionPause,
    Notice,
    PasswordView,
    ReimageBreaker,
    ReimageOperation,
    ReimageRequest,
    SealedSecret,
)

GUARDS = r"^(execution|breaker)\."  # their events belong to no request
State = dict[str, list[Any]]


def whole_state() -> State:
    """By kind, in an order that does not depend on when a row was written."""
    operations, events = ReimageOperation.objects.all(), AuditEvent.objects.all()
    return {
        "requests": sorted(ReimageRequest.objects.values_list("state", flat=True)),
        "operations": sorted((one.name, one.state, one.next_at is None, one.finished_at is None) for one in operations),
        "decisions": sorted(ApprovalDecision.objects.values_list("outcome", flat=True)),
        "notices": sorted((notice.kind, notice.sent_at is None) for notice in Notice.objects.all()),
        "views": sorted((view.ciphertext is None, view.seen_at is None) for view in PasswordView.objects.all()),
        "secrets": sorted(SealedSecret.objects.values_list("operation__virtual_machine__name", flat=True)),
        "switch": [(switch.paused_at is None, switch.reason) for switch in ExecutionPause.objects.all()],
        "breakers": sorted((one.tripped_at is None, one.allowance) for one in ReimageBreaker.objects.all()),
        "guards": sorted(events.filter(action__regex=GUARDS).values_list("action", flat=True)),
        "log": sorted(events.exclude(subject="").values_list("action", "sequence")),
    }


@contextmanager
def undone() -> Iterator[None]:
    """Takes back what is written in the block, whatever becomes of it."""
    start = transaction.savepoint()
    try:
        yield
    finally:
        transaction.savepoint_rollback(start)
        transaction.savepoint_commit(start)
