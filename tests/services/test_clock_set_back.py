"""The database's clock was set back: what was stored before lies further ahead than anything that is ever set."""

import pytest
from django.conf import settings
from pytest_django import Settings

from portal.identity.models import User
from reimage.azure.errors import MAX_RETRY_AFTER_SECONDS
from reimage.domain.operation_states import OperationState
from reimage.models import ReimageOperation, UpdateBucket
from reimage.services import buckets, execution
from reimage.services.leases import LeaseLost, claim, commit, due_in, due_operation_ids
from tests.sandbox_process import SandboxProcess
from tests.stories import accepted_posts, approved

HOUR = 3_600


@pytest.fixture
def operation(azure: SandboxProcess, alice: User, bob: User) -> ReimageOperation:
    return approved(alice, bob, "web-02").operations.get()


def stored(operation: ReimageOperation, **changes: object) -> None:
    ReimageOperation.objects.filter(pk=operation.pk).update(**changes)


def test_a_dead_workers_lease_does_not_hold_for_an_hour(operation: ReimageOperation) -> None:
    stored(operation, fence=1, next_at=due_in(-1), lease_until=due_in(HOUR + settings.OPERATION_LEASE_SECONDS))
    execution.advance_operation(operation.pk)
    operation.refresh_from_db()
    assert operation.state == OperationState.IN_PROGRESS


def test_a_living_workers_lease_holds(operation: ReimageOperation) -> None:
    stored(operation, next_at=due_in(-1), lease_until=due_in(settings.OPERATION_LEASE_SECONDS))
    assert claim(operation.pk) is None
    assert due_operation_ids() == []


def test_a_worker_that_outlived_the_change_writes_nothing(operation: ReimageOperation) -> None:
    first = claim(operation.pk)
    stored(operation, lease_until=due_in(HOUR))
    assert first is not None
    assert claim(operation.pk) is not None
    with pytest.raises(LeaseLost):
        commit(first, OperationState.PREFLIGHT)


def test_a_due_time_of_before_is_past(operation: ReimageOperation) -> None:
    stored(operation, next_at=due_in(HOUR))
    assert due_operation_ids() == due_operation_ids(overdue_seconds=10) == [operation.pk]  # also without a broker
    assert claim(operation.pk) is not None


def test_the_longest_wait_that_azure_may_ask_for_is_kept(operation: ReimageOperation) -> None:
    emptied = max(limit.token * limit.burst for limit in (buckets.PER_REGION, buckets.PER_MACHINE))
    stored(operation, next_at=due_in(MAX_RETRY_AFTER_SECONDS + emptied.total_seconds()))
    assert due_operation_ids() == []
    assert claim(operation.pk) is None


def test_so_is_a_longer_interval_of_ones_own(operation: ReimageOperation, settings: Settings) -> None:
    settings.OPERATION_POLL_SECONDS = HOUR
    stored(operation, next_at=due_in(1.2 * HOUR))
    assert due_operation_ids() == []


def test_what_is_not_a_workers_is_not_touched(operation: ReimageOperation) -> None:
    stored(operation, state=OperationState.AWAITING_PASSWORD, next_at=due_in(24 * HOUR))
    assert due_operation_ids() == []


def test_a_bucket_that_was_emptied_before_keeps_nobody_waiting(
    operation: ReimageOperation, azure: SandboxProcess
) -> None:
    key = operation.plan["resource_id"].lower()
    UpdateBucket.objects.create(key=key, full_at=due_in(HOUR))
    stored(operation, next_at=due_in(-1))
    execution.advance_operation(operation.pk)
    assert len(accepted_posts(azure)) == 1
