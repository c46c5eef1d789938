"""One worker at a time: who holds a claim writes, who lost it writes nothing, and a mistake is taken again."""

from typing import Any

import pytest
from django.db.models import F, QuerySet

from portal.audit.models import AuditEvent
from portal.identity.models import User
from reimage.domain.operation_states import OperationState
from reimage.domain.request_states import RequestState
from reimage.models import ReimageOperation
from reimage.services import execution, preflight, reimaging
from reimage.services.leases import Claim, LeaseLost, claim, commit, due_operation_ids
from tests.sandbox_process import SandboxProcess
from tests.stories import advance, advance_to, approved, let_lease_lapse, posts, run


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


def test_a_claim_never_takes_another_workers_fence_for_its_own(
    azure: SandboxProcess, alice: User, bob: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The worker is stopped right after its claim, until its lease is over and somebody else is at it."""
    operation = approved(alice, bob, "web-02").operations.get()
    update = QuerySet.update
    claimed: list[Claim | None] = []

    def stopped_afterwards(rows: QuerySet[Any], **changes: Any) -> int:
        taken = update(rows, **changes)
        if rows.model is ReimageOperation and not claimed:
            claimed.append(None)
            let_lease_lapse(operation)
            claimed.append(claim(operation.pk))
        return taken

    monkeypatch.setattr(QuerySet, "update", stopped_afterwards)
    assert claim(operation.pk) is None
    assert claimed[1] is not None
    operation.refresh_from_db()
    assert operation.fence == claimed[1].fence


def test_two_claims_of_what_both_saw_free_are_one(
    azure: SandboxProcess, alice: User, bob: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    operation = approved(alice, bob, "web-02").operations.get()
    update = QuerySet.update

    def overtaken(rows: QuerySet[Any], **changes: Any) -> int:
        """Somebody else takes it, ends a step with nothing found, and it is due again."""
        if rows.model is ReimageOperation:
            update(ReimageOperation.objects.filter(pk=operation.pk), fence=F("fence") + 1)
        return update(rows, **changes)

    monkeypatch.setattr(QuerySet, "update", overtaken)
    assert claim(operation.pk) is None
    operation.refresh_from_db()
    assert operation.lease_until is None


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


def test_a_time_that_somebody_took_away_is_no_time_to_wait_for(azure: SandboxProcess, alice: User, bob: User) -> None:
    operation = approved(alice, bob, "web-02").operations.get()
    ReimageOperation.objects.filter(pk=operation.pk).update(next_at=None)
    assert due_operation_ids() == due_operation_ids(overdue_seconds=10) == [operation.pk]
    execution.advance_operation(operation.pk)
    assert len(posts(azure)) == 1
