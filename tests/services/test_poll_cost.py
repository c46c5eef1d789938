"""What one look at a running reimage costs: a thousand of them share a worker, so nothing is done but looking."""

from urllib.parse import urlsplit

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from portal.audit.models import AuditEvent
from portal.identity.models import User
from reimage.domain.operation_states import OperationState
from reimage.models import ReimageOperation
from reimage.services import following, leases
from reimage.services.leases import LeaseLost
from tests.sandbox_process import SandboxProcess
from tests.stories import advance_to, approved


@pytest.fixture
def running(azure: SandboxProcess, alice: User, bob: User) -> ReimageOperation:
    """An operation that Azure works on, due for a look."""
    operation = advance_to(approved(alice, bob, "web-02").operations.get(), OperationState.IN_PROGRESS)
    ReimageOperation.objects.update(next_at=operation.queued_at)
    azure.clear()
    return operation


def test_a_look_is_one_call_one_statement_and_no_event(running: ReimageOperation, azure: SandboxProcess) -> None:
    events = AuditEvent.objects.count()
    held = leases.claim(running.pk)
    assert held is not None
    with CaptureQueriesContext(connection) as after_the_claim:
        following.poll(held)
    running.refresh_from_db()
    assert [query["sql"].split()[0] for query in after_the_claim] == ["UPDATE"]
    # By the call's own id: where a kept connection breaks, the SDK sends a read once more, with the id that it had.
    calls = {(entry["client_request_id"], entry["method"], entry["path"]) for entry in azure.ledger()}
    assert [call[1:] for call in calls] == [("GET", urlsplit(running.operation_url).path)]
    assert AuditEvent.objects.count() == events
    assert running.lease_until is None
    assert running.next_at > running.queued_at


def test_a_claim_is_three_statements(running: ReimageOperation) -> None:
    with CaptureQueriesContext(connection) as queries:
        assert leases.claim(running.pk) is not None
    assert [query["sql"].split()[0] for query in queries] == ["SELECT", "UPDATE", "SELECT"]


def test_a_look_whose_lease_was_lost_writes_nothing(running: ReimageOperation) -> None:
    held = leases.claim(running.pk)
    assert held is not None
    ReimageOperation.objects.update(fence=held.fence + 1)
    before = ReimageOperation.objects.values().get()
    with pytest.raises(LeaseLost):
        following.poll(held)
    assert ReimageOperation.objects.values().get() == before
