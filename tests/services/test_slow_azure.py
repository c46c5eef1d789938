"""An Azure that is slow, or silent: whatever a step finds out is stored while the operation is still its own."""

import socket
from collections.abc import Callable, Iterator
from datetime import datetime
from threading import Event
from typing import Any

import pytest

from portal.identity.models import User
from reimage.domain.operation_states import OperationState as State
from reimage.models import ReimageOperation
from reimage.services import execution, leases, reconciliation, verification
from tests.azure_fixtures import forget_clients
from tests.sandbox_process import SandboxProcess
from tests.stories import advance, advance_to, approved, let_lease_lapse, make_due, posts

SECOND_READS: list[tuple[State, Any, str]] = [
    (State.VERIFYING, verification, "disk_exists"),
    (State.OUTCOME_UNKNOWN, reconciliation, "find_reimage_call"),
]


def prepared(azure: SandboxProcess, alice: User, bob: User, state: State) -> ReimageOperation:
    operation = approved(alice, bob, "web-02").operations.get()
    if state == State.QUEUED:
        return operation
    if state == State.OUTCOME_UNKNOWN:
        azure.faults("reset_before", match={"verb": "POST", "path_contains": "/reimage"})
        return advance_to(operation, state)
    advance_to(operation, State.IN_PROGRESS)
    if state == State.VERIFYING:
        azure.advance_clock(100)
        advance_to(operation, state)
    return operation


@pytest.fixture
def dead_resolver(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[], None]]:
    """From the call on, every name is looked up for as long as the test takes."""
    over = Event()

    def look_up(*_: object, **__: object) -> object:
        over.wait()
        raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")

    def die() -> None:
        forget_clients()  # kept connections need no name
        monkeypatch.setattr(socket, "getaddrinfo", look_up)

    yield die
    over.set()


@pytest.mark.parametrize("trouble", ["silent", "nameless"])
@pytest.mark.parametrize("state", [State.QUEUED, State.IN_PROGRESS, State.OUTCOME_UNKNOWN, State.VERIFYING])
def test_an_azure_that_does_not_answer_is_told_by_the_operation_within_its_lease(
    azure: SandboxProcess,
    alice: User,
    bob: User,
    monkeypatch: pytest.MonkeyPatch,
    dead_resolver: Callable[[], None],
    state: State,
    trouble: str,
) -> None:
    operation = prepared(azure, alice, bob, state)
    sent = len(posts(azure))
    with monkeypatch.context() as moment:
        moment.setattr(leases, "STORING_SECONDS", 29.7)  # so a step may wait for 0.3 seconds instead of 28
        if trouble == "silent":
            azure.faults("slow", match={"verb": "GET"}, seconds=1.5, times=2)  # it may ask twice
        else:
            dead_resolver()
        advance(operation)
    monkeypatch.undo()
    assert operation.state == (State.PREFLIGHT if state == State.QUEUED else state)
    assert (operation.note["code"], operation.lease_until) == ("azure_unavailable", None)
    assert len(posts(azure)) == sent
    azure.clear()
    forget_clients()
    advance(operation)
    assert operation.note.get("code") != "azure_unavailable"


def leases_seen(operation: ReimageOperation, monkeypatch: pytest.MonkeyPatch, room: Any, second: str) -> list[datetime]:
    """The lease's end, at the first read of the step and at its second."""
    seen: list[datetime] = []

    def noting(read: Callable[..., Any]) -> Callable[..., Any]:
        def noted(*arguments: Any, **options: Any) -> Any:
            seen.append(ReimageOperation.objects.get(pk=operation.pk).lease_until)
            return read(*arguments, **options)

        return noted

    with monkeypatch.context() as moment:
        for name in ("read_virtual_machine", second):
            moment.setattr(room, name, noting(getattr(room, name)))
        advance(operation)
    return seen


@pytest.mark.parametrize(("call_seconds", "renewed"), [(20, False), (30, True)])
@pytest.mark.parametrize(("state", "room", "second"), SECOND_READS)
def test_a_second_read_has_the_time_of_a_whole_one(
    azure: SandboxProcess,
    alice: User,
    bob: User,
    monkeypatch: pytest.MonkeyPatch,
    state: State,
    room: Any,
    second: str,
    call_seconds: float,
    renewed: bool,
) -> None:
    """30: as if the first read had left less than a call needs. After a quick one nothing is written."""
    operation = prepared(azure, alice, bob, state)
    monkeypatch.setattr(leases, "CALL_SECONDS", call_seconds)
    first, then = leases_seen(operation, monkeypatch, room, second)
    assert (first < then) is renewed


@pytest.mark.parametrize(("state", "room", "second"), SECOND_READS)
def test_a_lease_that_lapsed_is_not_renewed(
    azure: SandboxProcess,
    alice: User,
    bob: User,
    monkeypatch: pytest.MonkeyPatch,
    state: State,
    room: Any,
    second: str,
) -> None:
    """A worker that was stopped meanwhile: what it read is of another time."""
    operation = prepared(azure, alice, bob, state)
    read = room.read_virtual_machine

    def read_and_sleep(*arguments: Any) -> Any:
        facts = read(*arguments)
        let_lease_lapse(operation)
        return facts

    monkeypatch.setattr(leases, "CALL_SECONDS", 30)
    monkeypatch.setattr(room, "read_virtual_machine", read_and_sleep)
    monkeypatch.setattr(room, second, lambda *_, **__: pytest.fail("it looked on"))
    before = operation.note
    make_due(operation)
    execution.advance_operation(operation.pk)
    operation.refresh_from_db()
    assert (operation.state, operation.note) == (state, before)
    assert len(posts(azure)) == 1
