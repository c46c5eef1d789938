"""The one POST and what comes of it. Whatever happens, Azure takes on at most one."""

import time
from types import SimpleNamespace
from typing import Any

import pytest

from portal.audit.models import AuditEvent
from portal.identity.models import User
from reimage.azure import time_limits
from reimage.azure.calls import CallOutcome, Refused
from reimage.azure.time_limits import CALL_SECONDS
from reimage.domain.operation_states import OperationState
from reimage.domain.parameters import ReimageParameters
from reimage.domain.request_states import RequestState
from reimage.models import ReimageOperation, ReimageRequest, SealedSecret
from reimage.services import execution, reimaging
from tests.azure_fixtures import forget_clients
from tests.sandbox_process import SandboxProcess
from tests.stories import advance, approved, bear_out, posts, run

SECRET = ReimageParameters(admin_password="Correct-Horse-7", custom_data="I2Nsb3VkLWNvbmZpZwo=")
POST = {"verb": "POST", "path_contains": "/reimage"}


def posted(sandbox: SandboxProcess, reimage_request: ReimageRequest, fault: str, **script: Any) -> ReimageOperation:
    """The operation after its first POST met the fault."""
    sandbox.faults(fault, match=POST, **script)
    return advance(reimage_request.operations.get())


@pytest.mark.asvs("V14.2.7")
def test_an_accepted_post_is_followed_and_its_secrets_are_gone(azure: SandboxProcess, alice: User, bob: User) -> None:
    operation = advance(approved(alice, bob, "web-02", parameters=SECRET).operations.get())
    assert operation.state == OperationState.IN_PROGRESS
    assert operation.operation_url.startswith(azure.https_url)
    assert operation.location_url.endswith("&monitor=true")
    assert operation.azure_request_id
    assert not SealedSecret.objects.exists()
    (post,) = posts(azure)
    assert post["client_request_id"] == str(operation.client_request_id)
    assert post["body"]["osProfile"]["customData"] == SECRET.custom_data
    assert operation.evidence["os_disk_id"] == operation.plan["os_disk_id"]


def test_the_intent_is_recorded_before_the_post(azure: SandboxProcess, alice: User, bob: User) -> None:
    operation = posted(azure, approved(alice, bob, "web-02"), "reset_before")
    (intent,) = AuditEvent.objects.filter(action="reimage_operation.intended")
    assert str(operation.client_request_id) in bytes(intent.body).decode()


@pytest.mark.parametrize("status", [400, 403, 404])
@pytest.mark.asvs("V14.2.7")
def test_a_definite_refusal_fails_with_azures_words(azure: SandboxProcess, alice: User, bob: User, status: int) -> None:
    reimage_request = approved(alice, bob, "web-02", parameters=SECRET)
    operation = posted(azure, reimage_request, "status", status=status, code="BadRequest", message="Not like this.")
    assert operation.state == OperationState.FAILED
    assert operation.note["code"] == "azure_refused"
    assert operation.note["params"] == {"status": status, "azure_code": "BadRequest", "message": "Not like this."}
    assert not SealedSecret.objects.exists()
    assert len(posts(azure)) == 1
    reimage_request.refresh_from_db()
    assert reimage_request.state == RequestState.FAILED


@pytest.mark.parametrize(
    ("fault", "script"),
    [
        ("status", {"status": 500}),
        ("status", {"status": 502}),
        ("status", {"status": 503, "retry_after": 1}),
        ("status", {"status": 504}),
        ("status", {"status": 408}),
        ("reset_before", {}),
        ("accepted_then_lost", {}),
        ("accepted_then_status", {"status": 503}),
        ("accepted_then_status", {"status": 500}),
    ],
)
@pytest.mark.asvs("V14.2.7")
def test_any_other_answer_leaves_the_outcome_unknown_and_is_never_sent_again(
    azure: SandboxProcess, alice: User, bob: User, fault: str, script: dict[str, Any]
) -> None:
    reimage_request = approved(alice, bob, "web-02", parameters=SECRET)
    operation = posted(azure, reimage_request, fault, **script)
    assert operation.state == OperationState.OUTCOME_UNKNOWN
    assert operation.note["code"] == "answer_lost"
    assert not SealedSecret.objects.exists()
    run(reimage_request, azure, steps=4)
    assert len(posts(azure)) == 1


def test_an_acceptance_without_an_address_is_reconciled(azure: SandboxProcess, alice: User, bob: User) -> None:
    reimage_request = approved(alice, bob, "web-02")
    operation = posted(azure, reimage_request, "no_operation_headers")
    assert operation.state == OperationState.OUTCOME_UNKNOWN
    assert operation.note["code"] == "operation_address_missing"
    assert run(reimage_request, azure).state == RequestState.COMPLETED
    assert len(posts(azure)) == 1


@pytest.mark.asvs("V1.3.6")
def test_a_foreign_address_gets_no_token_but_an_administrator(azure: SandboxProcess, alice: User, bob: User) -> None:
    reimage_request = approved(alice, bob, "web-02")
    operation = posted(azure, reimage_request, "foreign_operation_host", host="https://127.0.0.1:1")
    assert operation.state == OperationState.NEEDS_ATTENTION
    assert operation.note["code"] == "operation_address_foreign"
    assert operation.operation_url.startswith("https://127.0.0.1:1/")
    assert operation.next_at is None
    event = AuditEvent.objects.get(action="reimage_operation.accepted")
    assert "operation_address_foreign" in bytes(event.body).decode()


@pytest.mark.asvs("V14.2.7")
def test_it_gives_up_after_too_many_refusals(azure: SandboxProcess, alice: User, bob: User) -> None:
    operation = approved(alice, bob, "web-02", parameters=SECRET).operations.get()
    ReimageOperation.objects.filter(pk=operation.pk).update(attempt=reimaging.MAX_ATTEMPTS)
    operation = advance(operation)
    assert (operation.state, operation.note["code"]) == (OperationState.FAILED, "too_many_attempts")
    assert posts(azure) == []
    assert not SealedSecret.objects.exists()


def test_throttling_uses_no_attempt_up(azure: SandboxProcess, alice: User, bob: User) -> None:
    reimage_request = approved(alice, bob, "web-02")
    ReimageOperation.objects.update(attempt=reimaging.MAX_ATTEMPTS - 1)
    for times in (1, 2):
        operation = posted(azure, reimage_request, "status", status=429)
        assert operation.evidence["throttled"] == times
        bear_out(operation, azure)
    assert operation.attempt > reimaging.MAX_ATTEMPTS
    assert run(reimage_request, azure).state == RequestState.COMPLETED


def test_the_lease_is_held_while_the_post_is_under_way(
    azure: SandboxProcess, alice: User, bob: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A doubled message in between finds it held; else it would take the answer for lost."""
    operation, send = approved(alice, bob, "web-02").operations.get(), reimaging.submit_reimage

    def meanwhile(*arguments: Any, **options: Any) -> CallOutcome:
        execution.advance_operation(operation.pk)
        return send(*arguments, **options)

    monkeypatch.setattr(reimaging, "submit_reimage", meanwhile)
    assert advance(operation).state == OperationState.IN_PROGRESS
    assert len(posts(azure)) == 1


def test_conflicts_do(azure: SandboxProcess, alice: User, bob: User) -> None:
    reimage_request = approved(alice, bob, "web-02")
    ReimageOperation.objects.update(attempt=reimaging.MAX_ATTEMPTS - 1)
    bear_out(posted(azure, reimage_request, "status", status=409), azure)
    operation = advance(reimage_request.operations.get())
    assert (operation.state, operation.note["code"]) == (OperationState.FAILED, "too_many_attempts")


def test_a_worker_that_is_too_slow_sends_nothing(azure: SandboxProcess, alice: User, bob: User, settings: Any) -> None:
    """For minutes, say: the approval loses nothing by it, and the log has no intent that came to nothing."""
    reimage_request = approved(alice, bob, "web-02", parameters=SECRET)
    settings.OPERATION_LEASE_SECONDS = 10
    for _ in range(reimaging.MAX_ATTEMPTS + 1):
        operation = advance(reimage_request.operations.get())
        assert (operation.state, operation.note["code"]) == (OperationState.PREFLIGHT, "too_late_to_send")
    settings.OPERATION_LEASE_SECONDS = 30
    assert operation.attempt == 0
    assert not AuditEvent.objects.filter(action="reimage_operation.intended").exists()
    assert posts(azure) == []
    assert run(reimage_request, azure).state == RequestState.COMPLETED


def test_a_worker_that_stands_still_after_the_intent_sends_nothing(
    azure: SandboxProcess, alice: User, bob: User, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its lease has no time left for an answer, though it had when the intent was written."""
    reimage_request = approved(alice, bob, "web-02", parameters=SECRET)
    send, standing_still = reimaging.submit_reimage, settings.OPERATION_LEASE_SECONDS - CALL_SECONDS + 1

    with monkeypatch.context() as moment:

        def send_later(*arguments: Any, **options: Any) -> CallOutcome:
            moment.setattr(time_limits, "time", SimpleNamespace(monotonic=lambda: time.monotonic() + standing_still))
            return send(*arguments, **options)

        moment.setattr(reimaging, "submit_reimage", send_later)
        operation = advance(reimage_request.operations.get())
    assert (operation.state, operation.note["code"]) == (OperationState.QUEUED, "too_late_to_send")
    assert operation.attempt == 0
    assert posts(azure) == []
    assert run(reimage_request, azure).state == RequestState.COMPLETED
    assert len(posts(azure)) == 1


@pytest.mark.parametrize(("code", "noted"), [("TooLate", "too_late_to_send"), ("NotSent", "not_sent")])
def test_what_never_left_is_no_attempt(
    azure: SandboxProcess, alice: User, bob: User, monkeypatch: pytest.MonkeyPatch, code: str, noted: str
) -> None:
    operation = approved(alice, bob, "web-02").operations.get()
    with monkeypatch.context() as moment:
        moment.setattr(reimaging, "submit_reimage", lambda *_, **__: Refused(0, code, ""))
        advance(operation)
    assert (operation.state, operation.note["code"], operation.attempt) == (OperationState.QUEUED, noted, 0)
    assert run(operation.reimage_request, azure).state == RequestState.COMPLETED


def test_a_credential_that_fails_at_the_post_sends_and_burns_nothing(
    azure: SandboxProcess, alice: User, bob: User, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    reimage_request = approved(alice, bob, "web-02", parameters=SECRET)
    submit = reimaging.submit_reimage

    def submit_with_a_revoked_credential(*args: Any, **options: Any) -> Any:
        settings.AZURE_CLIENT_SECRET = "revoked"
        forget_clients()
        return submit(*args, **options)

    with monkeypatch.context() as moment:
        moment.setattr(reimaging, "submit_reimage", submit_with_a_revoked_credential)
        operation = advance(reimage_request.operations.get())
    assert (operation.state, operation.note["code"]) == (OperationState.QUEUED, "identity_refused")
    assert operation.attempt == 0
    assert posts(azure) == []
    settings.AZURE_CLIENT_SECRET = "sandbox-operator-secret"
    forget_clients()
    assert run(reimage_request, azure).state == RequestState.COMPLETED


@pytest.mark.parametrize("file", ["", "/does/not/exist.pem"])
def test_a_worker_without_the_key_waits_for_its_administrator(
    azure: SandboxProcess, alice: User, bob: User, settings: Any, file: str
) -> None:
    reimage_request = approved(alice, bob, "web-02", parameters=SECRET)
    right, settings.SEALING_PRIVATE_KEY_FILE = settings.SEALING_PRIVATE_KEY_FILE, file
    operation = advance(reimage_request.operations.get())
    assert (operation.state, operation.note["code"]) == (OperationState.PREFLIGHT, "sealing_key_missing")
    assert posts(azure) == []
    settings.SEALING_PRIVATE_KEY_FILE = right
    assert run(reimage_request, azure).state == RequestState.COMPLETED


@pytest.mark.asvs("V16.5.3")
def test_an_altered_secret_is_not_sent(azure: SandboxProcess, alice: User, bob: User) -> None:
    operation = approved(alice, bob, "web-02", parameters=SECRET).operations.get()
    sealed = operation.sealed_secrets.get(field="admin_password")
    sealed.ciphertext = bytes(sealed.ciphertext[:-1]) + bytes([sealed.ciphertext[-1] ^ 1])
    sealed.save()
    operation = advance(operation)
    assert (operation.state, operation.note["code"]) == (OperationState.FAILED, "secret_unusable")
    assert posts(azure) == []


@pytest.mark.parametrize("field", ["admin_password", "custom_data"])
def test_a_body_without_one_of_its_secrets_is_not_sent(
    azure: SandboxProcess, alice: User, bob: User, field: str
) -> None:
    operation = approved(alice, bob, "web-02", parameters=SECRET).operations.get()
    operation.sealed_secrets.filter(field=field).delete()
    operation = advance(operation)
    assert (operation.state, operation.note["code"]) == (OperationState.FAILED, "secret_unusable")
    assert posts(azure) == []
