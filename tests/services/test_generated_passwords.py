"""PASSWORD_MODE generated: the worker makes the password, Azure gets it, and its requester can see it."""

from datetime import timedelta
from typing import Any

import pytest
from django.core import mail
from django.utils import timezone

from portal.identity.models import User
from reimage.azure.activity_log import Trace
from reimage.azure.operations import Poll, PollStatus
from reimage.domain.operation_states import OperationState
from reimage.domain.passwords import missing_character_classes, password_violations
from reimage.domain.request_states import RequestState
from reimage.domain.virtual_machine import OsType
from reimage.models import ReimageOperation, ReimageRequest, SealedSecret, SecretField
from reimage.services import attention, following, generated_passwords, notification, reconciliation, sealing_keys
from reimage.services.secrets import open_secret
from tests.passwords import GENERATED, seen_by_azure
from tests.sandbox_process import SandboxProcess
from tests.stories import advance, advance_to, age, approved, bear_out, draft, posts, run

POST = {"verb": "POST", "path_contains": "/reimage"}


@pytest.fixture(autouse=True)
def policy(settings: Any) -> None:
    settings.PASSWORD_MODE = "generated"


@pytest.fixture
def operation(azure: SandboxProcess, alice: User, bob: User) -> ReimageOperation:
    """A Windows machine, approved."""
    return approved(alice, bob, "web-02", parameters=GENERATED).operations.get()


def kept(operation: ReimageOperation) -> str | None:
    operation = ReimageOperation.objects.select_related("reimage_request__requester").get(pk=operation.pk)
    return open_secret(operation, SecretField.GENERATED, commitment=None)


def request_of(operation: ReimageOperation) -> ReimageRequest:
    return ReimageRequest.objects.get(pk=operation.reimage_request_id)


@pytest.mark.parametrize("os_type", OsType)
@pytest.mark.asvs("V6.4.1")
def test_it_is_strong_and_meets_azures_rules(os_type: OsType) -> None:
    made = {generated_passwords.generate_password(os_type) for _number in range(50)}
    assert len(made) == 50
    for password in made:
        assert (password_violations(password, os_type), missing_character_classes(password)) == ((), ())
        assert len(password) == 24
        assert not set(password) & set("0Oo1lI")


def test_the_password_that_arrives_is_the_one_that_is_kept(operation: ReimageOperation, azure: SandboxProcess) -> None:
    assert not SealedSecret.objects.exists()
    assert run(request_of(operation), azure).state == RequestState.COMPLETED
    password = kept(operation)
    assert password is not None
    assert seen_by_azure(azure, password)


def test_the_plan_says_how_and_by_which_rules(azure: SandboxProcess, alice: User) -> None:
    planned = draft(alice, "web-02", parameters=GENERATED).operations.get()
    promise = {"mode": "generated", "minimum": 8, "maximum": 123, "classes": 3}
    assert planned.plan["body"] == {"osProfile": {"adminPassword": promise}}


@pytest.mark.asvs("V14.2.7")
def test_after_a_refusal_the_next_attempt_has_a_password_of_its_own(
    operation: ReimageOperation, azure: SandboxProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[str] = []
    real = generated_passwords.generate_password
    monkeypatch.setattr(generated_passwords, "generate_password", lambda os: made.append(real(os)) or made[-1])
    azure.faults("status", match=POST, status=409, times=1)
    advance(operation)
    assert kept(operation) == made[0]  # until the refusal is borne out, the machine may have it
    assert (bear_out(operation, azure).state, kept(operation)) == (OperationState.QUEUED, None)
    run(request_of(operation), azure)
    first, second = made
    assert first != second == kept(operation)


@pytest.mark.parametrize("status", [400, 404])
def test_where_azure_refuses_for_good_nothing_is_kept(
    operation: ReimageOperation, azure: SandboxProcess, status: int
) -> None:
    azure.faults("status", match=POST, status=status)
    run(request_of(operation), azure)
    assert (ReimageOperation.objects.get().state, kept(operation)) == (OperationState.FAILED, None)


def test_where_azure_began_and_failed_it_is_kept(operation: ReimageOperation, azure: SandboxProcess) -> None:
    azure.faults("operation_failed", match=POST)
    run(request_of(operation), azure)
    assert ReimageOperation.objects.get().state == OperationState.FAILED
    assert kept(operation) is not None


@pytest.mark.asvs("V14.2.7")
@pytest.mark.parametrize("executed", [True, False])
def test_an_administrators_word_decides_about_it_too(
    operation: ReimageOperation, azure: SandboxProcess, dan: User, executed: bool
) -> None:
    advance_to(operation, OperationState.IN_PROGRESS)
    ReimageOperation.objects.update(state=OperationState.NEEDS_ATTENTION, next_at=None)
    attention.settle_operation(
        administrator=dan,
        operation_id=operation.pk,
        executed=executed,
        comment="I looked.",
        confirmation="web-02",
        now=timezone.now(),
    )
    assert (kept(operation) is not None) == executed


def test_a_lost_answer_loses_no_password(operation: ReimageOperation, azure: SandboxProcess) -> None:
    azure.faults("accepted_then_lost", match=POST)
    advance(operation)
    assert ReimageOperation.objects.get().state == OperationState.OUTCOME_UNKNOWN
    password = kept(operation)
    assert password is not None
    assert seen_by_azure(azure, password)


@pytest.mark.parametrize(("trace", "is_kept"), [(Trace.FAILED, True), (Trace.REFUSED, False)])
def test_a_failure_that_the_activity_log_tells_keeps_what_the_machine_may_have(
    operation: ReimageOperation,
    azure: SandboxProcess,
    monkeypatch: pytest.MonkeyPatch,
    trace: Trace,
    is_kept: bool,
) -> None:
    azure.faults("reset_before", match=POST)
    age(advance_to(operation, OperationState.OUTCOME_UNKNOWN), timedelta(minutes=21))
    monkeypatch.setattr(reconciliation, "find_reimage_call", lambda *_, **__: trace)
    assert advance(operation).state == OperationState.FAILED
    assert (kept(operation) is not None) == is_kept


@pytest.mark.asvs("V6.4.1")
def test_two_machines_never_share_one(azure: SandboxProcess, alice: User, bob: User) -> None:
    run(approved(alice, bob, "web-02", "web-03", parameters=GENERATED), azure)
    windows, linux = posts(azure)
    assert windows["body"]["osProfile"] != linux["body"]["osProfile"]


def test_the_mail_at_the_end_tells_of_it(operation: ReimageOperation, azure: SandboxProcess, alice: User) -> None:
    run(request_of(operation), azure)
    notification.send_due_notices(now=timezone.now())
    last = [message for message in mail.outbox if message.to == [alice.email]][-1]
    assert "新しい管理者パスワードを申請のページで確認できます" in last.body
    assert str(kept(operation)) not in last.body


@pytest.mark.parametrize("has_key", [True, False])
def test_azures_late_words_do_not_tell_it(
    azure: SandboxProcess, operation: ReimageOperation, monkeypatch: pytest.MonkeyPatch, has_key: bool
) -> None:
    operation = advance_to(operation, OperationState.IN_PROGRESS)
    password = kept(operation)
    said = Poll(PollStatus.FAILED, f"Bad_{password}", f"The password '{password}' was rejected.")
    monkeypatch.setattr(following, "poll_operation", lambda *_: said)
    if not has_key:
        monkeypatch.setattr(sealing_keys, "_places", list)
    operation = advance(operation)
    assert (operation.state, operation.note["code"]) == (OperationState.FAILED, "azure_operation_failed")
    words = (operation.note["params"]["azure_code"], operation.note["params"]["message"])
    assert words == (("Bad_***", "The password '***' was rejected.") if has_key else ("***", "***"))
    monkeypatch.undo()
    assert kept(operation) == password  # it still waits for its requester
