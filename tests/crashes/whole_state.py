"""Everything that a deed may change, without ids and times: two moments are alike, or something was half done."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db import transaction

from portal.audit.models import AuditEvent
from reimage.models import ApprovalDecision, Notice, PasswordView, ReimageOperation, ReimageRequest, SealedSecret

State = dict[str, list[Any]]


def whole_state() -> State:
    """By kind, in an order that does not depend on when a row was written."""
    operations = ReimageOperation.objects.all()
    return {
        "requests": sorted(ReimageRequest.objects.values_list("state", flat=True)),
        "operations": sorted((one.name, one.state, one.next_at is None, one.finished_at is None) for one in operations),
        "decisions": sorted(ApprovalDecision.objects.values_list("outcome", flat=True)),
        "notices": sorted((notice.kind, notice.sent_at is None) for notice in Notice.objects.all()),
        "views": sorted((view.ciphertext is None, view.seen_at is None) for view in PasswordView.objects.all()),
        "secrets": sorted(SealedSecret.objects.values_list("operation__virtual_machine__name", flat=True)),
        "log": sorted(AuditEvent.objects.exclude(subject="").values_list("action", "sequence")),
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
