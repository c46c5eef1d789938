"""A worker may die at any commit and at any send: nothing is lost, and nothing is sent twice."""

from datetime import timedelta
from typing import Any

import pytest

from portal.audit.models import AuditEvent
from portal.identity.models import User
from reimage.domain.operation_states import OperationState
from reimage.domain.parameters import ReimageParameters
from reimage.domain.request_states import RequestState
from reimage.models import ReimageOperation, SealedSecret
from reimage.services import execution, following, preflight, reimaging, verification
from reimage.services.leases import LeaseLost, claim, commit, due_operation_ids
from tests.sandbox_process import SandboxProcess
from tests.stories import accepted_posts, advance, advance_to, age, approved, let_lease_lapse, posts, run

SECRET = ReimageParameters(admin_password="Correct-Horse-7")


class WorkerDied(BaseException):
    """As by kill -9: nothing catches it."""


def die_at(
    monkeypatch: pytest.MonkeyPatch, room: Any, name: str, operation: ReimageOperation, *, after: bool = False
) -> None:
    """One step in which the worker dies at (or right after) the named call; then its lease lapses."""
    real = getattr(room, name)

    def die(*args: Any, **options: Any) -> None:
        if after:
            real(*args, **options)
        raise WorkerDied

    with monkeypatch.context() as moment:
        moment.setattr(room, name, die)
        with pytest.raises(WorkerDied):
            advance(operation)
    let_lease_lapse(operation)
    operation.refresh_from_db()


@pytest.mark.parametrize("times", [1, 2])
@pytest.mark.parametrize(
    ("room", "name"),
    [(preflight, "read_virtual_machine"), (preflight, "approval_findings"), (reimaging, "_body")],
)
def test_dying_before_the_intent_costs_nothing(
    azure: SandboxProcess, alice: User, bob: User, monkeypatch: pytest.MonkeyPatch, room: Any, name: str, times: int
) -> None:
    reimage_request = approved(alice, bob, "web-02", parameters=SECRET)
    operation = reimage_request.operations.get()
    for _ in range(times):
        die_at(monkeypatch, room, name, operation)
        assert operation.state == OperationState.PREFLIGHT
    assert run(reimage_request, azure).state == RequestState.COMPLETED
    assert len(posts(azure)) == 1


def test_dying_between_the_intent_and_the_post_leaves_the_outcome_unknown(
    azure: SandboxProcess, alice: User, bob: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    operation = approved(alice, bob, "web-02", parameters=SECRET).operations.get()
    die_at(monkeypatch, reimaging, "submit_reimage", operation)
    assert operation.state == OperationState.SUBMITTING
    assert advance(operation).state == OperationState.OUTCOME_UNKNOWN
    assert operation.note["code"] == "worker_died"
    assert not SealedSecret.objects.exists()
    age(operation, timedelta(minutes=21))
    assert advance(operation).state == OperationState.NEEDS_ATTENTION
    assert posts(azure) == []


@pytest.mark.parametrize("machine", ["web-01", "web-02", "web-03"])
def test_dying_after_the_post_is_reconciled_without_a_second_one(
    azure: SandboxProcess, alice: User, bob: User, monkeypatch: pytest.MonkeyPatch, machine: str
) -> None:
    reimage_request = approved(alice, bob, machine)
    operation = reimage_request.operations.get()
    die_at(monkeypatch, reimaging, "_after_post", operation)
    assert operation.state == OperationState.SUBMITTING
    assert run(reimage_request, azure).state == RequestState.COMPLETED
    assert len(posts(azure)) == 1
    assert AuditEvent.objects.filter(action="reimage_operation.reconciled").count() == 1


def test_dying_twice_on_the_way_still_sends_once(
    azure: SandboxProcess, alice: User, bob: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    reimage_request = approved(alice, bob, "web-02")
    operation = reimage_request.operations.get()
    die_at(monkeypatch, reimaging, "_after_post", operation)
    die_at(monkeypatch, reimaging, "_lost", operation)
    assert operation.state == OperationState.SUBMITTING
    assert run(reimage_request, azure).state == RequestState.COMPLETED
    assert len(posts(azure)) == 1


def test_dying_before_the_answer_of_a_poll_is_written_only_repeats_the_poll(
    azure: SandboxProcess, alice: User, bob: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    reimage_request = approved(alice, bob, "web-02")
    operation = advance_to(reimage_request.operations.get(), OperationState.IN_PROGRESS)
    azure.advance_clock(100)
    die_at(monkeypatch, following, "_ended", operation)
    assert operation.state == OperationState.IN_PROGRESS
    advance_to(operation, OperationState.VERIFYING)
    die_at(monkeypatch, verification, "_finish", operation)
    assert run(reimage_request, azure).state == RequestState.COMPLETED
    assert len(accepted_posts(azure)) == 1


def test_dying_right_after_a_commit_loses_nothing(
    azure: SandboxProcess, alice: User, bob: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    reimage_request = approved(alice, bob, "web-02")
    operation = reimage_request.operations.get()
    die_at(monkeypatch, reimaging, "_accepted", operation, after=True)
    assert operation.state == OperationState.IN_PROGRESS
    assert run(reimage_request, azure).state == RequestState.COMPLETED
    assert len(posts(azure)) == 1


@pytest.mark.asvs("V16.3.4")
def test_a_mistake_of_ours_is_logged_and_the_step_taken_again(
    azure: SandboxProcess, alice: User, bob: User, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    reimage_request = approved(alice, bob, "web-02")
    operation = reimage_request.operations.get()

    def fail(*_: object) -> None:
        raise ZeroDivisionError

    with monkeypatch.context() as moment:
        moment.setattr(execution, "STEPS", {**execution.STEPS, OperationState.QUEUED: fail})
        assert advance(operation).state == OperationState.QUEUED
    assert "operation.crashed" in caplog.text
    assert operation.lease_until is not None
    let_lease_lapse(operation)
    assert run(reimage_request, azure).state == RequestState.COMPLETED


@pytest.mark.asvs("V2.3.4")
def test_a_claim_excludes_a_second_worker(azure: SandboxProcess, alice: User, bob: User) -> None:
    operation = approved(alice, bob, "web-02").operations.get()
    first = claim(operation.pk)
    assert first is not None
    assert claim(operation.pk) is None
    assert operation.pk not in due_operation_ids()
    let_lease_lapse(operation)
    assert due_operation_ids() == [operation.pk]
    second = claim(operation.pk)
    assert second is not None
    assert second.fence == first.fence + 1


def test_nobody_claims_what_is_not_due_or_waits_for_a_person(azure: SandboxProcess, alice: User, bob: User) -> None:
    operation = advance_to(approved(alice, bob, "web-02").operations.get(), OperationState.IN_PROGRESS)
    assert claim(operation.pk) is None
    for state in (OperationState.NEEDS_ATTENTION, OperationState.SUCCEEDED, OperationState.AWAITING_APPROVAL):
        ReimageOperation.objects.filter(pk=operation.pk).update(state=state, next_at=operation.queued_at)
        assert claim(operation.pk) is None


def test_a_late_worker_writes_nothing(azure: SandboxProcess, alice: User, bob: User) -> None:
    operation = approved(alice, bob, "web-02").operations.get()
    late = claim(operation.pk)
    let_lease_lapse(operation)
    assert claim(operation.pk) is not None
    events = AuditEvent.objects.count()
    assert late is not None
    with pytest.raises(LeaseLost):
        commit(late, OperationState.PREFLIGHT, note={"code": "settling"})
    operation.refresh_from_db()
    assert (operation.state, operation.note) == (OperationState.QUEUED, {})
    assert AuditEvent.objects.count() == events


def test_a_worker_that_lost_its_claim_while_reading_sends_nothing(
    azure: SandboxProcess, alice: User, bob: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    operation = approved(alice, bob, "web-02").operations.get()
    read = preflight.read_virtual_machine

    def read_while_another_takes_over(vm_id: Any) -> Any:
        let_lease_lapse(operation)
        assert claim(operation.pk) is not None
        return read(vm_id)

    monkeypatch.setattr(preflight, "read_virtual_machine", read_while_another_takes_over)
    assert advance(operation).state == OperationState.PREFLIGHT
    assert posts(azure) == []


def test_an_answer_that_comes_after_the_claim_was_lost_changes_nothing(
    azure: SandboxProcess, alice: User, bob: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    reimage_request = approved(alice, bob, "web-02")
    operation = reimage_request.operations.get()
    submit = reimaging.submit_reimage

    def submit_while_another_takes_over(*args: Any, **options: Any) -> Any:
        outcome = submit(*args, **options)
        let_lease_lapse(operation)
        execution.advance_operation(operation.pk)
        return outcome

    with monkeypatch.context() as moment:
        moment.setattr(reimaging, "submit_reimage", submit_while_another_takes_over)
        assert advance(operation).state == OperationState.OUTCOME_UNKNOWN
    assert operation.operation_url == ""
    assert run(reimage_request, azure).state == RequestState.COMPLETED
    assert len(posts(azure)) == 1


def test_a_move_that_the_life_cycle_does_not_know_is_a_mistake(azure: SandboxProcess, alice: User, bob: User) -> None:
    held = claim(approved(alice, bob, "web-02").operations.get().pk)
    assert held is not None
    with pytest.raises(ValueError, match="cannot go from queued to succeeded"):
        commit(held, OperationState.SUCCEEDED)


def test_a_message_about_nothing_changes_nothing(db: None) -> None:
    execution.advance_operation(999_999)
