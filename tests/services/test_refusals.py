"""A 409 or 429 may hide an acceptance: nothing is sent again until evidence bears the refusal out."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from portal.audit.models import AuditEvent
from portal.identity.models import User
from reimage.azure import activity_log
from reimage.azure.activity_log import Trace
from reimage.domain.operation_states import OperationState
from reimage.domain.parameters import ReimageParameters
from reimage.domain.request_states import RequestState
from reimage.domain.resource_ids import VirtualMachineId
from reimage.models import ReimageOperation, SealedSecret, VirtualMachine
from reimage.services import reconciliation
from tests.sandbox_process import SandboxProcess
from tests.stories import accepted_posts, advance, age, approved, bear_out, posts, run

POST = {"verb": "POST", "path_contains": "/reimage"}
LOG = {"path_contains": "eventtypes"}
EPHEMERAL, MANAGED = "web-01", "web-02"
UNKNOWN = OperationState.OUTCOME_UNKNOWN
LATE = timedelta(minutes=21)


def refused(
    sandbox: SandboxProcess, alice: User, bob: User, machine: str, fault: str, status: int, **script: Any
) -> ReimageOperation:
    """An operation whose POST was answered with this status."""
    sandbox.faults(fault, match=POST, status=status, **script)
    secret = ReimageParameters(admin_password="Correct-Horse-7") if machine == MANAGED else ReimageParameters()
    operation = advance(approved(alice, bob, machine, parameters=secret).operations.get())
    assert operation.state == UNKNOWN
    return operation


def note_of(operation: ReimageOperation) -> tuple[str, str]:
    return operation.state, operation.note.get("code", "")


@pytest.mark.parametrize("machine", [EPHEMERAL, MANAGED])
@pytest.mark.parametrize("status", [409, 429])
def test_an_acceptance_that_looks_like_a_refusal_is_never_sent_again(
    azure: SandboxProcess, alice: User, bob: User, machine: str, status: int
) -> None:
    operation = refused(azure, alice, bob, machine, "accepted_then_status", status)
    assert note_of(advance(operation)) == (UNKNOWN, "virtual_machine_busy")
    azure.advance_clock(61)
    assert note_of(advance(operation)) == (UNKNOWN, "waiting_for_evidence")
    azure.advance_clock(121)
    assert note_of(advance(operation)) == (OperationState.VERIFYING, "activity_log_succeeded")
    assert not SealedSecret.objects.exists()
    assert run(operation.reimage_request, azure).state == RequestState.COMPLETED
    assert len(posts(azure)) == 1


@pytest.mark.parametrize(("status", "code"), [(409, "azure_conflict"), (429, "throttled")])
def test_an_honest_refusal_is_sent_again_without_a_person(
    azure: SandboxProcess, alice: User, bob: User, status: int, code: str
) -> None:
    operation = refused(azure, alice, bob, MANAGED, "status", status)
    assert operation.note["code"] == code
    assert SealedSecret.objects.count() == 1
    assert bear_out(operation, azure).note["code"] == code
    assert "refusal" not in operation.evidence
    assert run(operation.reimage_request, azure).state == RequestState.COMPLETED
    assert [post["accepted"] for post in posts(azure)] == [False, True]
    actions = AuditEvent.objects.filter(action__startswith="reimage_operation.").order_by("pk")
    assert [event.action.partition(".")[2] for event in actions][:4] == [
        "intended",
        "refused",
        "reconciled",
        "intended",
    ]


@pytest.mark.parametrize("status", [409, 429])
def test_with_an_ephemeral_os_disk_the_activity_log_has_to_tell_of_the_refusal(
    azure: SandboxProcess, alice: User, bob: User, status: int
) -> None:
    operation = refused(azure, alice, bob, EPHEMERAL, "status", status)
    assert note_of(advance(operation)) == (UNKNOWN, "waiting_for_evidence")
    azure.advance_clock(121)
    assert note_of(advance(operation)) == (UNKNOWN, "waiting_for_evidence")  # an acceptance may still follow in the log
    age(operation, LATE)
    assert advance(operation).state == OperationState.QUEUED
    assert run(operation.reimage_request, azure).state == RequestState.COMPLETED
    assert len(accepted_posts(azure)) == 1


def test_where_nothing_can_tell_a_person_decides_after_the_quarantine(
    azure: SandboxProcess, alice: User, bob: User
) -> None:
    operation = refused(azure, alice, bob, EPHEMERAL, "status", 409)
    assert note_of(advance(operation)) == (UNKNOWN, "waiting_for_evidence")
    age(operation, LATE)
    assert note_of(advance(operation)) == (OperationState.NEEDS_ATTENTION, "refusal_not_borne_out")
    assert len(posts(azure)) == 1


@pytest.mark.parametrize(
    ("trace", "state", "code"),
    [
        (Trace.FAILED, OperationState.FAILED, "activity_log_failed"),
        (Trace.BEGUN, UNKNOWN, "waiting_for_evidence"),
    ],
)
def test_a_log_that_tells_more_than_the_answer_is_believed(
    azure: SandboxProcess,
    alice: User,
    bob: User,
    monkeypatch: pytest.MonkeyPatch,
    trace: Trace,
    state: OperationState,
    code: str,
) -> None:
    operation = refused(azure, alice, bob, MANAGED, "status", 409)
    monkeypatch.setattr(reconciliation, "find_reimage_call", lambda *_, **__: trace)
    assert note_of(advance(operation)) == (state, code)


def test_an_acceptance_whose_end_nobody_tells_needs_a_person(
    azure: SandboxProcess, alice: User, bob: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    operation = refused(azure, alice, bob, MANAGED, "status", 409)
    monkeypatch.setattr(reconciliation, "find_reimage_call", lambda *_, **__: Trace.BEGUN)
    age(operation, LATE)
    assert note_of(advance(operation)) == (OperationState.NEEDS_ATTENTION, "accepted_without_end")


def test_an_unchanged_disk_bears_it_out_only_after_the_quarantine(
    azure: SandboxProcess, alice: User, bob: User
) -> None:
    """The Activity Log does not have it yet."""
    operation = refused(azure, alice, bob, MANAGED, "status", 409)
    age(operation, timedelta(minutes=19))
    assert note_of(advance(operation)) == (UNKNOWN, "waiting_for_evidence")
    age(operation, timedelta(minutes=2))
    assert note_of(advance(operation)) == (OperationState.QUEUED, "azure_conflict")
    assert run(operation.reimage_request, azure).state == RequestState.COMPLETED


def test_one_stale_look_bears_nothing_out(
    azure: SandboxProcess, alice: User, bob: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Azure's cache may answer for a moment as if nothing had begun."""
    stale = reconciliation.read_virtual_machine(
        VirtualMachineId.parse(VirtualMachine.objects.get(name=MANAGED).resource_id)
    )
    operation = refused(azure, alice, bob, MANAGED, "accepted_then_status", 409)
    with monkeypatch.context() as moment:
        moment.setattr(reconciliation, "read_virtual_machine", lambda *_, **__: stale)
        assert note_of(advance(operation)) == (UNKNOWN, "waiting_for_evidence")
    assert run(operation.reimage_request, azure).state == RequestState.COMPLETED
    assert len(posts(azure)) == 1


def test_a_log_that_cannot_be_read_bears_nothing_out(azure: SandboxProcess, alice: User, bob: User) -> None:
    operation = refused(azure, alice, bob, MANAGED, "status", 409)
    azure.faults("status", match=LOG, status=403, times=2)
    age(operation, LATE)
    assert note_of(advance(operation)) == (UNKNOWN, "azure_forbids")
    age(operation, timedelta(hours=3))
    assert note_of(advance(operation)) == (OperationState.NEEDS_ATTENTION, "no_answer_for_long")
    assert len(posts(azure)) == 1


@pytest.mark.parametrize("change", [{"replace_os_disk": True}, {"provisioning_state": "Failed"}])
def test_a_machine_that_is_not_as_it_was_bears_nothing_out(
    azure: SandboxProcess, alice: User, bob: User, change: dict[str, Any]
) -> None:
    operation = refused(azure, alice, bob, MANAGED, "status", 409)
    azure.drift(MANAGED, **change)
    assert note_of(advance(operation)) == (UNKNOWN, "waiting_for_evidence")
    age(operation, LATE)
    assert note_of(advance(operation)) == (OperationState.NEEDS_ATTENTION, "refusal_not_borne_out")
    assert len(posts(azure)) == 1


def test_an_unmanaged_os_disk_tells_nothing(azure: SandboxProcess, alice: User, bob: User) -> None:
    operation = refused(azure, alice, bob, MANAGED, "status", 409)
    operation.evidence["os_disk_id"] = None
    operation.save()
    assert note_of(advance(operation)) == (UNKNOWN, "waiting_for_evidence")
    age(operation, LATE)
    assert note_of(advance(operation)) == (OperationState.NEEDS_ATTENTION, "refusal_not_borne_out")


@pytest.fixture
def told_of_the_second_arrival(monkeypatch: pytest.MonkeyPatch) -> None:
    """Something on the way passed the call on twice: the log tells at once of the one that was refused."""
    told = activity_log._events

    def events(subscription_id: str, url: str) -> Iterator[dict[str, Any]]:
        yield from told(subscription_id, url)
        yield {
            "httpRequest": {"clientRequestId": str(ReimageOperation.objects.get().client_request_id)},
            "status": {"value": "Failed"},
            "subStatus": {"value": "Conflict", "localizedValue": "Conflict (HTTP Status Code: 409)"},
        }

    monkeypatch.setattr(activity_log, "_events", events)


@pytest.mark.usefixtures("told_of_the_second_arrival")
@pytest.mark.parametrize("machine", [EPHEMERAL, MANAGED])
@pytest.mark.parametrize("looks_early", [True, False])
def test_a_call_that_arrived_twice_is_never_sent_again(
    azure: SandboxProcess, alice: User, bob: User, machine: str, looks_early: bool
) -> None:
    operation = refused(azure, alice, bob, machine, "accepted_then_status", 409)
    azure.advance_clock(61)  # Azure has ended, and its log does not tell of that yet
    if looks_early:
        assert note_of(advance(operation)) == (UNKNOWN, "waiting_for_evidence")
    azure.advance_clock(121)
    assert note_of(advance(operation)) == (OperationState.VERIFYING, "activity_log_succeeded")
    assert run(operation.reimage_request, azure).state == RequestState.COMPLETED
    assert len(posts(azure)) == 1


def test_a_disk_that_somebody_else_replaced_stops_at_the_new_checks(
    azure: SandboxProcess, alice: User, bob: User
) -> None:
    """Azure refused because of another operation, and that one replaced the disk: the log tells that ours did not."""
    operation = refused(azure, alice, bob, MANAGED, "status", 409)
    azure.drift(MANAGED, replace_os_disk=True)
    azure.advance_clock(121)
    assert note_of(advance(operation)) == (UNKNOWN, "waiting_for_evidence")
    age(operation, LATE)
    assert advance(operation).state == OperationState.QUEUED
    assert advance(operation).state == OperationState.DRIFTED
    assert accepted_posts(azure) == []


def test_it_waits_as_long_as_azure_says_and_looks_before(azure: SandboxProcess, alice: User, bob: User) -> None:
    before = timezone.now()
    operation = refused(azure, alice, bob, MANAGED, "status", 429, retry_after=1200)
    assert timedelta(seconds=59) < operation.next_at - before < timedelta(seconds=120)
    bear_out(operation, azure)
    assert timedelta(seconds=1199) < operation.next_at - before < timedelta(seconds=1260)


def test_a_time_that_has_passed_meanwhile_is_not_waited_for_again(
    azure: SandboxProcess, alice: User, bob: User
) -> None:
    before = timezone.now()
    operation = refused(azure, alice, bob, MANAGED, "status", 409, retry_after=1)
    assert operation.next_at - before > timedelta(seconds=11)  # an acceptance needs a moment to show
    operation.evidence["refusal"]["again_at"] = (timezone.now() - timedelta(hours=1)).isoformat()
    operation.save()
    before = timezone.now()
    assert abs(bear_out(operation, azure).next_at - before) < timedelta(seconds=60)
