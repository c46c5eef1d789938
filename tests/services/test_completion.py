"""A request executes from its first machine's POST on, and ends with its last machine."""

from itertools import product

import pytest

from portal.audit.models import AuditEvent
from portal.identity.models import User
from reimage.domain.operation_states import OperationState
from reimage.domain.parameters import ReimageParameters
from reimage.domain.request_states import RequestState
from reimage.models import Notice
from tests.sandbox_process import SandboxProcess
from tests.stories import advance_to, approved, run

POST = {"verb": "POST", "path_contains": "/reimage"}


def test_it_executes_with_the_first_machine_and_ends_with_the_last(
    azure: SandboxProcess, alice: User, bob: User
) -> None:
    reimage_request = approved(alice, bob, "web-01", "web-02")
    first = reimage_request.operations.all()[0]
    advance_to(first, OperationState.IN_PROGRESS)
    reimage_request.refresh_from_db()
    assert reimage_request.state == RequestState.EXECUTING
    azure.advance_clock(100)
    advance_to(first, OperationState.SUCCEEDED)
    reimage_request.refresh_from_db()
    assert (reimage_request.state, reimage_request.finished_at) == (RequestState.EXECUTING, None)
    run(reimage_request, azure)
    assert reimage_request.state == RequestState.COMPLETED
    assert reimage_request.finished_at is not None
    assert Notice.objects.filter(kind="finished").count() == 1
    assert AuditEvent.objects.filter(action="reimage_request.finished").count() == 1


@pytest.mark.parametrize(("web_01", "web_02"), list(product(("succeeds", "fails", "drifts"), repeat=2)))
def test_mixed_machines_are_told_apart(azure: SandboxProcess, alice: User, bob: User, web_01: str, web_02: str) -> None:
    reimage_request = approved(alice, bob, "web-01", "web-02")
    for machine, fate in (("web-01", web_01), ("web-02", web_02)):
        if fate == "fails":
            azure.faults("operation_failed", match={**POST, "vm": machine})
        if fate == "drifts":
            azure.drift(machine, recreate=True)
    run(reimage_request, azure)
    succeeded = (web_01, web_02).count("succeeds")
    assert (
        reimage_request.state
        == {
            2: RequestState.COMPLETED,
            1: RequestState.COMPLETED_WITH_PROBLEMS,
            0: RequestState.FAILED,
        }[succeeded]
    )


def test_a_machine_that_waits_for_an_administrator_keeps_the_request_open(
    azure: SandboxProcess, alice: User, bob: User
) -> None:
    azure.faults("foreign_operation_host", match={**POST, "vm": "web-01"})
    reimage_request = run(approved(alice, bob, "web-01", "web-02"), azure)
    assert [operation.state for operation in reimage_request.operations.all()] == ["needs_attention", "succeeded"]
    assert reimage_request.state == RequestState.EXECUTING
    assert not Notice.objects.filter(kind="finished").exists()


def test_a_finding_of_the_verification_is_a_problem(azure: SandboxProcess, alice: User, bob: User) -> None:
    reimage_request = approved(alice, bob, "web-02", parameters=ReimageParameters(exact_version="0.1"))
    operation = reimage_request.operations.get()
    run(reimage_request, azure, steps=6)
    operation.refresh_from_db()
    operation.evidence["ended_at"] = "2024-01-01T00:00:00+00:00"
    operation.save()
    assert run(reimage_request, azure).state == RequestState.COMPLETED_WITH_PROBLEMS
