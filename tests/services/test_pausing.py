"""The kill switch: from the moment it is thrown no change and no reimage leaves; what Azure began is followed on."""

from collections.abc import Callable
from typing import Any

import pytest

from portal.audit.models import AuditEvent
from portal.errors import NotAllowed, WrongState
from portal.identity.models import User
from reimage.domain.operation_states import OperationState
from reimage.domain.plan import DeleteOptionChange
from reimage.domain.request_states import RequestState
from reimage.models import ExecutionPause, ReimageOperation
from reimage.services import doorbell, pausing, preflight, reimaging
from tests.sandbox_process import SandboxProcess
from tests.stories import accepted_posts, advance, advance_to, approved, posts, run

REASON = "Azure has an incident in japaneast."


def pause(dan: User) -> None:
    pausing.pause_execution(administrator=dan, reason=REASON)


def assert_held_up(operation: ReimageOperation, state: str) -> None:
    assert (operation.state, operation.note["code"]) == (state, "paused")
    assert operation.lease_until is None
    assert operation.next_at is not None


def test_what_was_not_sent_waits_and_goes_on_when_resumed(
    azure: SandboxProcess, alice: User, bob: User, dan: User
) -> None:
    reimage_request = approved(alice, bob, "web-01", "web-02")
    pause(dan)
    azure.clear()
    for operation in reimage_request.operations.all():
        assert_held_up(advance(operation), OperationState.PREFLIGHT)
    assert azure.ledger() == []  # waiting costs Azure nothing
    pausing.resume_execution(administrator=dan)
    assert run(reimage_request, azure).state == RequestState.COMPLETED
    assert len(accepted_posts(azure)) == 2


@pytest.mark.parametrize(
    ("room", "function", "change", "state"),
    [
        (reimaging, "filled_body", DeleteOptionChange.KEEP, OperationState.PREFLIGHT),
        (preflight, "_drift_findings", DeleteOptionChange.DETACH, OperationState.PREFLIGHT),
    ],
    ids=["before the POST", "before the PATCH"],
)
def test_a_pause_after_the_machine_was_read_is_in_time(
    azure: SandboxProcess,
    alice: User,
    bob: User,
    dan: User,
    monkeypatch: pytest.MonkeyPatch,
    room: Any,
    function: str,
    change: DeleteOptionChange,
    state: str,
) -> None:
    operation = approved(alice, bob, "web-03", change=change).operations.get()
    work: Callable[..., Any] = getattr(room, function)

    def work_while_dan_pauses(*args: Any, **options: Any) -> Any:
        pause(dan)
        return work(*args, **options)

    monkeypatch.setattr(room, function, work_while_dan_pauses)
    assert_held_up(advance(operation), state)
    assert azure.ledger(method="PATCH") == posts(azure) == []
    assert operation.attempt == 0


def test_between_the_change_and_the_post_it_waits_too(azure: SandboxProcess, alice: User, bob: User, dan: User) -> None:
    reimage_request = approved(alice, bob, "web-03", change=DeleteOptionChange.DETACH)
    operation = advance(reimage_request.operations.get())
    assert operation.state == OperationState.SETTING_DELETE_OPTION
    pause(dan)
    azure.advance_clock(30)
    assert_held_up(advance(operation), OperationState.SETTING_DELETE_OPTION)
    pausing.resume_execution(administrator=dan)
    assert run(reimage_request, azure).state == RequestState.COMPLETED


def test_what_azure_began_is_followed_to_its_end(azure: SandboxProcess, alice: User, bob: User, dan: User) -> None:
    reimage_request = approved(alice, bob, "web-02")
    advance_to(reimage_request.operations.get(), OperationState.IN_PROGRESS)
    pause(dan)
    assert run(reimage_request, azure).state == RequestState.COMPLETED


def test_a_lost_answer_is_settled_while_paused(azure: SandboxProcess, alice: User, bob: User, dan: User) -> None:
    azure.faults("accepted_then_lost", match={"verb": "POST", "path_contains": "/reimage"})
    reimage_request = approved(alice, bob, "web-02")
    advance_to(reimage_request.operations.get(), OperationState.OUTCOME_UNKNOWN)
    pause(dan)
    assert run(reimage_request, azure).state == RequestState.COMPLETED
    assert len(posts(azure)) == 1


def test_resuming_rings_at_once_for_what_waited(
    azure: SandboxProcess,
    alice: User,
    bob: User,
    dan: User,
    monkeypatch: pytest.MonkeyPatch,
    django_capture_on_commit_callbacks: Any,
) -> None:
    waiting, other = approved(alice, bob, "web-01").operations.get(), approved(alice, bob, "web-02").operations.get()
    other = advance_to(other, OperationState.IN_PROGRESS)
    pause(dan)
    waiting = advance(waiting)
    rung: list[int] = []
    monkeypatch.setattr(doorbell, "ring", rung.extend)
    with django_capture_on_commit_callbacks(execute=True):
        pausing.resume_execution(administrator=dan)
    assert rung == [waiting.pk]
    assert ReimageOperation.objects.get(pk=waiting.pk).next_at < waiting.next_at
    assert ReimageOperation.objects.get(pk=other.pk).next_at == other.next_at


def test_both_are_recorded_with_the_reason(dan: User) -> None:
    pause(dan)
    pausing.resume_execution(administrator=dan)
    events = AuditEvent.objects.filter(action__startswith="execution.").order_by("pk")
    assert [(event.action, event.actor_text) for event in events] == [
        ("execution.paused", "Dan Date"),
        ("execution.resumed", "Dan Date"),
    ]
    assert all(event.texts["/detail/reason"] == REASON for event in events)


def test_whoever_is_second_is_told_who_was_first(dan: User) -> None:
    pause(dan)
    since = ExecutionPause.objects.get().paused_at
    with pytest.raises(WrongState, match="already paused: Dan Date paused it at"):
        pausing.pause_execution(administrator=dan, reason="Again.")
    assert ExecutionPause.objects.get().paused_at == since
    assert ExecutionPause.objects.get().reason == REASON
    pausing.resume_execution(administrator=dan)
    with pytest.raises(WrongState, match="is not paused: Dan Date resumed it at"):
        pausing.resume_execution(administrator=dan)
    assert AuditEvent.objects.filter(action__startswith="execution.").count() == 2


def test_what_was_never_paused_cannot_be_resumed(dan: User) -> None:
    with pytest.raises(WrongState, match="Execution is not paused"):
        pausing.resume_execution(administrator=dan)


@pytest.mark.parametrize("reason", ["", "  \n"])
def test_it_needs_a_reason(dan: User, reason: str) -> None:
    with pytest.raises(NotAllowed, match="Say why"):
        pausing.pause_execution(administrator=dan, reason=reason)
    assert not ExecutionPause.objects.filter(paused_at__isnull=False).exists()


def test_only_an_administrator_switches(alice: User, bob: User, carol: User, dan: User, eve: User) -> None:
    for person in (alice, bob, carol, eve):
        with pytest.raises(NotAllowed, match=r"Reimage\.Administrator"):
            pausing.pause_execution(administrator=person, reason=REASON)
    pause(dan)
    for person in (alice, bob, carol, eve):
        with pytest.raises(NotAllowed, match=r"Reimage\.Administrator"):
            pausing.resume_execution(administrator=person)
    assert ExecutionPause.objects.get().paused_at is not None
