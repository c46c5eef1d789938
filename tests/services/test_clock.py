"""A worker's host whose own clock is an hour off changes nothing: what is decided by time goes by the database."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.utils import timezone

from portal.identity.models import User
from reimage import tasks
from reimage.domain.operation_states import OperationState
from reimage.domain.parameters import ReimageParameters
from reimage.domain.request_states import RequestState
from reimage.models import Notice, ReimageOperation, ReimageRequest, SealedSecret
from reimage.services.clock import database_now
from tests.sandbox_process import SandboxProcess
from tests.stories import accepted_posts, advance, advance_to, age, approved, draft, posts, request_reimage, run

SECRET = ReimageParameters(admin_password="Correct-Horse-7")
HOURS = [timedelta(hours=-1), timedelta(hours=1)]
POST = {"verb": "POST", "path_contains": "/reimage"}


@pytest.fixture(params=HOURS, ids=["an hour behind", "an hour ahead"])
def wrong_clock(request: pytest.FixtureRequest) -> Iterator[None]:
    """The process's clock, as the host tells it; requested last, so that the story before it was told right."""
    with time_machine.travel(datetime.now(UTC) + request.param, tick=True):
        yield


def test_the_databases_clock_is_not_the_process_s(db: None, wrong_clock: None) -> None:
    assert abs(database_now() - timezone.now()) > timedelta(minutes=59)


def test_a_request_runs_to_its_end(azure: SandboxProcess, alice: User, bob: User, wrong_clock: None) -> None:
    reimage_request = run(approved(alice, bob, "web-01", "web-02", parameters=ReimageParameters()), azure)
    assert reimage_request.state == RequestState.COMPLETED
    assert len(accepted_posts(azure)) == 2


def test_a_jump_in_mid_run_changes_nothing(azure: SandboxProcess, alice: User, bob: User) -> None:
    reimage_request = approved(alice, bob, "web-02", parameters=SECRET)
    operation = advance_to(reimage_request.operations.get(), OperationState.IN_PROGRESS)
    for hours in (5, -5):
        with time_machine.travel(datetime.now(UTC) + timedelta(hours=hours), tick=True):
            assert advance(operation).state == OperationState.IN_PROGRESS
    assert run(reimage_request, azure).state == RequestState.COMPLETED
    assert len(posts(azure)) == 1


@pytest.fixture
def expiring(azure: SandboxProcess, alice: User, bob: User) -> ReimageRequest:
    """Approved, with half an hour left."""
    reimage_request = approved(alice, bob, "web-02", parameters=SECRET)
    expires_at = database_now() + timedelta(minutes=30)
    ReimageRequest.objects.filter(pk=reimage_request.pk).update(expires_at=expires_at)
    return reimage_request


def test_an_approval_is_not_over_before_its_time(expiring: ReimageRequest, wrong_clock: None) -> None:
    assert advance(expiring.operations.get()).state == OperationState.IN_PROGRESS


def test_an_approval_is_over_at_its_time(azure: SandboxProcess, expiring: ReimageRequest, wrong_clock: None) -> None:
    ReimageRequest.objects.filter(pk=expiring.pk).update(expires_at=database_now())
    operation = advance(expiring.operations.get())
    assert [finding["code"] for finding in operation.findings] == ["approval_expired"]
    assert posts(azure) == []


@pytest.fixture
def unknown(azure: SandboxProcess, alice: User, bob: User) -> ReimageOperation:
    """Sent ten minutes ago, its answer lost; the quarantine is twenty."""
    azure.faults("reset_before", match=POST)
    operation = advance_to(approved(alice, bob, "web-02").operations.get(), OperationState.OUTCOME_UNKNOWN)
    age(operation, timedelta(minutes=10))
    return operation


def test_the_quarantine_is_as_long_as_ever(unknown: ReimageOperation, wrong_clock: None) -> None:
    assert advance(unknown).note["code"] == "waiting_for_evidence"
    age(unknown, timedelta(minutes=11))
    assert advance(unknown).note["code"] == "no_evidence"


def test_a_busy_machine_is_seen_busy_when_it_was(
    azure: SandboxProcess, unknown: ReimageOperation, wrong_clock: None
) -> None:
    azure.drift("web-02", provisioning_state="Updating")
    operation = advance(unknown)
    assert abs(datetime.fromisoformat(operation.evidence["busy_at"]) - database_now()) < timedelta(minutes=1)


def test_patience_is_as_long_as_ever(azure: SandboxProcess, alice: User, bob: User, wrong_clock: None) -> None:
    operation = advance_to(approved(alice, bob, "web-02").operations.get(), OperationState.IN_PROGRESS)
    age(operation, timedelta(minutes=90))
    assert advance(operation).state == OperationState.IN_PROGRESS
    age(operation, timedelta(minutes=31))
    assert advance(operation).note["code"] == "operation_takes_long"


def test_a_machine_may_settle_as_long_as_ever(azure: SandboxProcess, alice: User, bob: User, wrong_clock: None) -> None:
    operation = advance_to(approved(alice, bob, "web-02").operations.get(), OperationState.IN_PROGRESS)
    azure.advance_clock(61)
    operation = advance_to(operation, OperationState.VERIFYING)
    assert abs(datetime.fromisoformat(operation.evidence["ended_at"]) - database_now()) < timedelta(minutes=1)
    azure.drift("web-02", power_state="stopped")
    assert advance(operation).note["code"] == "settling"
    age(operation, timedelta(minutes=6))
    assert advance(operation).state == OperationState.SUCCEEDED


def test_the_sweeper_ends_nothing_early_and_nothing_late(azure: SandboxProcess, alice: User, wrong_clock: None) -> None:
    pending, drafted = request_reimage(alice, "web-01"), draft(alice, "web-02", parameters=SECRET)
    soon, past = database_now() + timedelta(minutes=30), database_now() - timedelta(seconds=1)
    ReimageRequest.objects.update(expires_at=soon)
    tasks.sweep()
    pending.refresh_from_db()
    assert (pending.state, SealedSecret.objects.count()) == (RequestState.PENDING_APPROVAL, 1)
    ReimageRequest.objects.update(expires_at=past)
    tasks.sweep()
    pending.refresh_from_db()
    assert pending.state == RequestState.EXPIRED
    assert not ReimageRequest.objects.filter(pk=drafted.pk).exists()


def test_a_notice_is_due_at_once(azure: SandboxProcess, alice: User, bob: User, dan: User, wrong_clock: None) -> None:
    azure.faults("foreign_operation_host", match=POST)
    advance(approved(alice, bob, "web-02").operations.get())
    assert Notice.objects.get(kind="needs_attention").next_at <= database_now()
