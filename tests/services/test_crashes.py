"""A step that a mistake of ours ends each time is not taken up for ever; what Azure may have been asked is not lost."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import InterfaceError, OperationalError
from django.utils import timezone

from portal.audit.models import AuditEvent
from portal.identity.models import User
from reimage.domain.operation_states import OperationState
from reimage.domain.parameters import ReimageParameters
from reimage.domain.request_states import RequestState
from reimage.models import ExecutionAlarm, Notice, ReimageOperation, SealedSecret
from reimage.services import alarms, crashes, execution, reimaging
from reimage.services.clock import database_now
from tests.sandbox_process import SandboxProcess
from tests.stories import accepted_posts, advance, advance_to, approved, posts, run

State = OperationState
SECRET = ReimageParameters(admin_password="Correct-Horse-7")


def mistake(*_: object, **__: object) -> None:
    raise KeyError("canary")


@pytest.fixture
def broken(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Every step but the move from the queue ends in a mistake, until it is mended."""
    with monkeypatch.context() as moment:
        steps = {state: mistake for state in execution.STEPS if state is not State.QUEUED}
        moment.setattr(execution, "STEPS", {**execution.STEPS, **steps})
        moment.setattr(execution.preflight, "check", mistake)
        yield moment


@pytest.fixture
def operation(azure: SandboxProcess, alice: User, bob: User) -> ReimageOperation:
    return approved(alice, bob, "web-02", parameters=SECRET).operations.get()


def crash(operation: ReimageOperation, times: int) -> ReimageOperation:
    for _ in range(times):
        advance(operation)
    return operation


def note_of(operation: ReimageOperation) -> tuple[str, str]:
    return operation.state, operation.note["code"]


def test_before_the_post_it_fails_in_the_end(operation: ReimageOperation, azure: SandboxProcess, broken: Any) -> None:
    crash(operation, crashes.MAX_CRASHES - 1)
    assert note_of(operation) == (State.PREFLIGHT, "step_keeps_crashing")
    assert note_of(advance(operation)) == (State.FAILED, "step_given_up")
    assert operation.note["params"] == {"times": crashes.MAX_CRASHES, "error": "KeyError"}
    operation.reimage_request.refresh_from_db()
    assert operation.reimage_request.state == RequestState.FAILED
    assert posts(azure) == []
    assert not SealedSecret.objects.exists()
    assert AuditEvent.objects.filter(action="reimage_operation.failed").count() == 1


@pytest.mark.parametrize("state", [State.IN_PROGRESS, State.VERIFYING])
def test_after_the_post_an_administrator_decides(
    operation: ReimageOperation, azure: SandboxProcess, request: pytest.FixtureRequest, state: OperationState
) -> None:
    advance_to(operation, State.IN_PROGRESS)
    azure.advance_clock(61)
    advance_to(operation, state)
    request.getfixturevalue("broken")
    crash(operation, crashes.MAX_CRASHES)
    assert note_of(operation) == (State.NEEDS_ATTENTION, "step_given_up_after_post")
    assert operation.next_at is None
    assert Notice.objects.filter(kind="needs_attention").count() == 1
    assert len(accepted_posts(azure)) == 1


def test_a_mistake_between_intent_and_answer_is_settled_by_evidence(
    operation: ReimageOperation, azure: SandboxProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as moment:
        moment.setattr(reimaging, "submit_reimage", mistake)
        assert note_of(advance(operation)) == (State.SUBMITTING, "step_crashed")
    assert note_of(advance(operation)) == (State.OUTCOME_UNKNOWN, "worker_died")
    assert operation.crashes == 0
    assert posts(azure) == []


def test_the_pauses_grow_and_have_an_end(operation: ReimageOperation, broken: Any) -> None:
    before = timezone.now()
    assert note_of(advance(operation)) == (State.PREFLIGHT, "step_crashed")
    assert operation.lease_until is None
    assert operation.next_at is not None
    assert timedelta(seconds=4) < operation.next_at - before < timedelta(seconds=60)
    pauses = [crashes.pause_seconds(times) for times in range(1, crashes.MAX_CRASHES)]
    assert pauses == sorted(set(pauses) - {300}) + [300] * pauses.count(300)
    assert (pauses[0], pauses[-1], crashes.pause_seconds(10_000)) == (5, 300, 300)


def test_a_step_that_comes_to_its_end_begins_the_count_anew(
    operation: ReimageOperation, azure: SandboxProcess, broken: Any
) -> None:
    crash(operation, crashes.MAX_CRASHES - 1)
    broken.undo()
    assert advance(operation).state == State.IN_PROGRESS
    assert operation.crashes == 0
    assert run(operation.reimage_request, azure).state == RequestState.COMPLETED


def test_administrators_are_told_once_and_before_it_is_given_up(operation: ReimageOperation, broken: Any) -> None:
    crash(operation, crashes.ALARM_FROM - 1)
    alarms.watch_execution(now=database_now())
    assert not ExecutionAlarm.objects.exists()
    crash(operation, 1)
    for _ in range(2):
        alarms.watch_execution(now=database_now())
    assert ExecutionAlarm.objects.get().kind == "step_keeps_crashing"
    assert Notice.objects.get(kind="execution_alarm").detail == {"code": "step_keeps_crashing", "params": {}}


@pytest.mark.parametrize("error", [OperationalError, InterfaceError])
def test_a_database_that_is_away_is_no_crash(
    operation: ReimageOperation, monkeypatch: pytest.MonkeyPatch, error: type[Exception]
) -> None:
    def away(*_: object) -> None:
        raise error

    monkeypatch.setattr(execution.preflight, "check", away)
    advance(operation)
    assert (operation.crashes, operation.note) == (0, {})
    assert operation.lease_until is not None


def test_whoever_lost_the_operation_counts_nothing(
    operation: ReimageOperation, monkeypatch: pytest.MonkeyPatch
) -> None:
    def overtaken(*_: object) -> None:
        ReimageOperation.objects.update(fence=1_000)
        mistake()

    monkeypatch.setattr(execution.preflight, "check", overtaken)
    assert advance(operation).crashes == 0


def test_a_mistake_after_the_end_changes_nothing(operation: ReimageOperation, monkeypatch: pytest.MonkeyPatch) -> None:
    def end_and_crash(*_: object) -> None:
        ReimageOperation.objects.update(state=State.CANCELED)
        mistake()

    monkeypatch.setattr(execution.preflight, "check", end_and_crash)
    assert (advance(operation).state, operation.note) == (State.CANCELED, {})


def test_what_cannot_even_be_given_up_goes_on_waiting_with_its_alarm(
    operation: ReimageOperation, broken: Any, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(crashes, "fail", mistake)
    crash(operation, crashes.MAX_CRASHES + 2)
    assert note_of(operation) == (State.PREFLIGHT, "step_keeps_crashing")
    assert operation.crashes == crashes.MAX_CRASHES
    assert "operation.not_given_up" in caplog.text


def test_a_crash_that_cannot_be_counted_stops_nobody(
    operation: ReimageOperation, broken: Any, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(crashes, "count", mistake)
    advance(operation)
    assert "operation.crash_not_counted" in caplog.text
    assert operation.lease_until is not None
