"""How long it is waited for evidence: a time in which the machine was seen quiet, whatever clocks and workers do."""

from datetime import datetime, timedelta

import pytest

from portal.identity.models import User
from reimage.azure.activity_log import Trace
from reimage.domain.operation_states import OperationState
from reimage.models import ReimageOperation
from reimage.services import reconciliation
from reimage.services.clock import database_now
from tests.sandbox_process import SandboxProcess
from tests.services.test_reconciliation import assert_needs_attention, assert_waits, lost
from tests.stories import accepted_posts, advance, advance_to, age, approved, posts


def later(operation: ReimageOperation, since: timedelta) -> None:
    """So much later by the clock; nobody looked meanwhile."""
    quiet = operation.evidence.get("quiet_seconds")
    looked_at = operation.evidence.get("quiet_at")
    age(operation, since)
    del operation.evidence["quiet_seconds"], operation.evidence["quiet_at"]
    if looked_at:
        earlier = datetime.fromisoformat(looked_at) - since
        operation.evidence |= {"quiet_seconds": quiet, "quiet_at": earlier.isoformat()}
    operation.save()


def test_without_evidence_a_person_decides_after_the_quarantine(azure: SandboxProcess, alice: User, bob: User) -> None:
    operation = lost(azure, alice, bob, "web-02", "reset_before")
    age(operation, timedelta(minutes=19))
    assert_waits(advance(operation), "waiting_for_evidence")
    age(operation, timedelta(minutes=2))
    assert_needs_attention(advance(operation), "no_evidence")
    assert len(posts(azure)) == 1
    assert accepted_posts(azure) == []


def test_the_quarantine_begins_when_the_post_can_leave_no_more(azure: SandboxProcess, alice: User, bob: User) -> None:
    """A worker with a long lease may be stopped after its intent, and send for as long as its lease allows."""
    operation = lost(azure, alice, bob, "web-02", "reset_before")
    assert operation.submitted_at is not None
    may_leave_until = datetime.fromisoformat(operation.evidence["may_leave_until"])
    assert timedelta(seconds=5) < may_leave_until - operation.submitted_at <= timedelta(seconds=10)
    operation.evidence["may_leave_until"] = (may_leave_until + timedelta(minutes=5)).isoformat()
    operation.save()
    age(operation, timedelta(minutes=21))
    assert_waits(advance(operation), "waiting_for_evidence")
    age(operation, timedelta(minutes=5))
    assert_needs_attention(advance(operation), "no_evidence")


def test_time_in_which_nobody_looked_is_no_time_of_quiet(azure: SandboxProcess, alice: User, bob: User) -> None:
    """The database's clock was set forward by an hour, or the portal stood still: a look is needed for each minute."""
    operation = lost(azure, alice, bob, "web-02", "reset_before")
    for looks in range(1, 20):
        advance(operation)
        later(operation, timedelta(hours=1))
        assert_waits(advance(operation), "waiting_for_evidence")
        assert operation.evidence["quiet_seconds"] <= 60 * looks
    age(operation, timedelta(minutes=1))
    assert_needs_attention(advance(operation), "no_evidence")


def test_a_refusal_is_not_believed_for_a_clock_that_was_set_forward(
    azure: SandboxProcess, alice: User, bob: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An ephemeral machine: accepted, answered with 409, and the Activity Log tells of the refusal alone so far."""
    azure.faults("accepted_then_status", match={"verb": "POST", "path_contains": "/reimage"}, status=409)
    operation = advance_to(approved(alice, bob, "web-01").operations.get(), OperationState.OUTCOME_UNKNOWN)
    azure.advance_clock(100)
    monkeypatch.setattr(reconciliation, "find_reimage_call", lambda *_, **__: Trace.REFUSED)
    for _ in range(3):
        later(operation, timedelta(hours=1))
        assert_waits(advance(operation), "waiting_for_evidence")
    assert len(posts(azure)) == 1


def test_quiet_of_before_the_machine_was_busy_counts_no_more_whatever_the_clock_did(
    azure: SandboxProcess, alice: User, bob: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The last quiet look was written while the database's clock was an hour fast."""
    azure.faults("accepted_then_status", match={"verb": "POST", "path_contains": "/reimage"}, status=409)
    operation = advance_to(approved(alice, bob, "web-01").operations.get(), OperationState.OUTCOME_UNKNOWN)
    monkeypatch.setattr(reconciliation, "find_reimage_call", lambda *_, **__: Trace.REFUSED)
    fast = database_now() + timedelta(hours=1)
    operation.evidence |= {"quiet_seconds": 1_190, "quiet_at": fast.isoformat()}
    operation.save()
    assert_waits(advance(operation), "virtual_machine_busy")
    azure.advance_clock(100)
    for _ in range(4):
        assert_waits(advance(operation), "waiting_for_evidence")
        later(operation, timedelta(seconds=15))
    assert operation.evidence["quiet_seconds"] <= 60
    assert len(posts(azure)) == 1


def test_a_clock_that_is_set_back_neither_takes_quiet_away_nor_holds_it_up(
    azure: SandboxProcess, alice: User, bob: User
) -> None:
    operation = lost(azure, alice, bob, "web-02", "reset_before")
    later(operation, timedelta(hours=-1))  # all of it was written by a clock that was an hour fast
    operation.evidence |= {"quiet_seconds": 1_190, "quiet_at": (database_now() + timedelta(hours=1)).isoformat()}
    operation.save()
    assert_waits(advance(operation), "waiting_for_evidence")
    assert operation.evidence["quiet_seconds"] == 1_190
    operation.evidence["quiet_at"] = (database_now() - timedelta(seconds=15)).isoformat()
    operation.save()
    assert_needs_attention(advance(operation), "no_evidence")


def test_what_an_earlier_attempt_left_behind_does_not_shorten_it(azure: SandboxProcess, alice: User, bob: User) -> None:
    operation = lost(azure, alice, bob, "web-02", "reset_before")
    operation.evidence["busy_at"] = (database_now() - timedelta(hours=1)).isoformat()
    operation.save()
    assert_waits(advance(operation), "waiting_for_evidence")


def test_the_quarantine_begins_anew_while_the_machine_is_busy(azure: SandboxProcess, alice: User, bob: User) -> None:
    operation = lost(azure, alice, bob, "web-01", "reset_before")
    age(operation, timedelta(minutes=30))
    azure.drift("web-01", provisioning_state="Updating")
    assert_waits(advance(operation), "virtual_machine_busy")
    azure.drift("web-01", provisioning_state="Succeeded")
    assert_waits(advance(operation), "waiting_for_evidence")
    age(operation, timedelta(minutes=21))
    assert_needs_attention(advance(operation), "no_evidence")


@pytest.mark.parametrize("machine", ["web-01", "web-02"])
def test_after_a_lost_answer_a_refusal_in_the_log_counts_when_the_log_has_had_its_time(
    azure: SandboxProcess, alice: User, bob: User, monkeypatch: pytest.MonkeyPatch, machine: str
) -> None:
    """The call may have arrived twice, and the log tells of the arrivals in any order."""
    operation = lost(azure, alice, bob, machine, "accepted_then_lost")
    azure.drift(machine, provisioning_state="Succeeded")  # as a cache that is behind has it
    monkeypatch.setattr(reconciliation, "find_reimage_call", lambda *_, **__: Trace.REFUSED)
    assert_waits(advance(operation), "waiting_for_evidence")
    age(operation, timedelta(minutes=21))
    assert advance(operation).state == OperationState.FAILED


def test_what_azure_accepted_was_not_refused_whatever_the_log_says(
    azure: SandboxProcess, alice: User, bob: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    operation = advance_to(approved(alice, bob, "web-01").operations.get(), OperationState.IN_PROGRESS)
    azure.faults("operation_gone", match={"verb": "GET", "path_contains": "/operations/"})
    assert advance(operation).state == OperationState.OUTCOME_UNKNOWN
    azure.drift("web-01", provisioning_state="Succeeded")
    monkeypatch.setattr(reconciliation, "find_reimage_call", lambda *_, **__: Trace.REFUSED)
    assert_waits(advance(operation), "waiting_for_evidence")
    age(operation, timedelta(minutes=21))
    assert_needs_attention(advance(operation), "accepted_without_end")
