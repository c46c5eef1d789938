"""Following Azure's operation: one look a step, decided by the body's status."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from portal.identity.models import User
from reimage.domain.operation_states import OperationState
from reimage.domain.request_states import RequestState
from reimage.models import ReimageOperation
from tests.sandbox_process import SandboxProcess
from tests.stories import accepted_posts, advance, advance_to, age, approved, run

POST = {"verb": "POST", "path_contains": "/reimage"}
POLL = {"verb": "GET", "path_contains": "/operations/"}


def polls(sandbox: SandboxProcess) -> list[dict[str, Any]]:
    return [entry for entry in sandbox.ledger(method="GET") if "/operations/" in entry["path"]]


@pytest.fixture
def running(azure: SandboxProcess, alice: User, bob: User) -> ReimageOperation:
    """web-02, being reimaged."""
    return advance_to(approved(alice, bob, "web-02").operations.get(), OperationState.IN_PROGRESS)


def test_it_looks_once_a_step_and_comes_back_later(azure: SandboxProcess, running: ReimageOperation) -> None:
    before = timezone.now()
    operation = advance(running)
    assert operation.state == OperationState.IN_PROGRESS
    assert len({look["client_request_id"] for look in polls(azure)}) == 1  # the SDK repeats a read that broke off
    assert timedelta(seconds=11) < operation.next_at - before < timedelta(seconds=25)


def test_it_goes_on_to_verify_when_azure_says_succeeded(azure: SandboxProcess, running: ReimageOperation) -> None:
    azure.advance_clock(100)
    assert advance(running).state == OperationState.VERIFYING
    assert "ended_at" in running.evidence


@pytest.mark.parametrize(
    ("fault", "script"),
    [
        ("status", {"status": 500}),
        ("status", {"status": 503, "retry_after": 90}),
        ("status", {"status": 429, "retry_after": 90}),
        ("reset_before", {"times": 2}),
    ],
)
def test_no_answer_proves_nothing(
    azure: SandboxProcess, running: ReimageOperation, fault: str, script: dict[str, Any]
) -> None:
    azure.faults(fault, match=POLL, **script)
    before = timezone.now()
    operation = advance(running)
    assert (operation.state, operation.note["code"]) == (OperationState.IN_PROGRESS, "azure_unavailable")
    assert len(polls(azure)) == script.get("times", 1)
    if "retry_after" in script:
        assert timedelta(seconds=89) < operation.next_at - before < timedelta(seconds=120)
    assert run(operation.reimage_request, azure).state == RequestState.COMPLETED


def test_a_failed_operation_fails_with_azures_words(azure: SandboxProcess, alice: User, bob: User) -> None:
    azure.faults("operation_failed", match=POST, code="OSProvisioningTimedOut", message="It took too long.")
    reimage_request = run(approved(alice, bob, "web-02"), azure)
    operation = reimage_request.operations.get()
    assert (operation.state, operation.note["code"]) == (OperationState.FAILED, "azure_operation_failed")
    assert operation.note["params"]["azure_code"] == "OSProvisioningTimedOut"
    assert operation.note["params"]["message"] == "It took too long."
    assert reimage_request.state == RequestState.FAILED
    assert len(accepted_posts(azure)) == 1


def test_an_operation_that_azure_forgot_is_looked_for_at_the_machine(
    azure: SandboxProcess, alice: User, bob: User
) -> None:
    azure.faults("operation_gone", match=POST)
    reimage_request = approved(alice, bob, "web-02")
    operation = advance_to(reimage_request.operations.get(), OperationState.OUTCOME_UNKNOWN)
    assert operation.note["code"] == "operation_gone"
    assert run(reimage_request, azure).state == RequestState.COMPLETED
    assert len(accepted_posts(azure)) == 1


def test_after_two_hours_the_machine_is_asked_and_then_an_administrator(
    azure: SandboxProcess, running: ReimageOperation
) -> None:
    age(running, timedelta(hours=1, minutes=59))
    assert advance(running).state == OperationState.IN_PROGRESS
    age(running, timedelta(minutes=2))
    operation = advance(running)
    assert (operation.state, operation.note["code"]) == (OperationState.OUTCOME_UNKNOWN, "operation_takes_long")
    operation = advance(running)
    assert (operation.state, operation.note["code"]) == (OperationState.NEEDS_ATTENTION, "takes_too_long")
    assert operation.next_at is None


def test_a_portal_that_slept_asks_the_machine_before_it_asks_a_person(
    azure: SandboxProcess, running: ReimageOperation
) -> None:
    azure.advance_clock(100)
    age(running, timedelta(hours=3))
    azure.faults("status", match=POLL, status=503)
    assert advance(running).state == OperationState.OUTCOME_UNKNOWN
    assert run(running.reimage_request, azure).state == RequestState.COMPLETED
    assert len(accepted_posts(azure)) == 1


@pytest.mark.asvs("V1.3.6")
def test_a_stored_address_elsewhere_gets_no_token(azure: SandboxProcess, running: ReimageOperation) -> None:
    ReimageOperation.objects.filter(pk=running.pk).update(operation_url="https://management.evil.example/operations/1")
    operation = advance(running)
    assert (operation.state, operation.note["code"]) == (OperationState.NEEDS_ATTENTION, "operation_address_foreign")
    assert polls(azure) == []
