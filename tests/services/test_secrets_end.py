"""Sealed values end with the approval's term, and where a person is asked: nothing can be sent again from there."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.db.models import F
from django.utils import timezone

from portal.audit.models import AuditEvent
from portal.identity.models import User
from reimage import tasks
from reimage.azure.calls import CallOutcome, Refused
from reimage.domain.operation_states import OperationState
from reimage.domain.parameters import ReimageParameters
from reimage.models import ReimageOperation, ReimageRequest, SealedSecret, SecretField
from reimage.services import reimaging
from reimage.services.overdue_secrets import destroy_overdue_secrets
from tests.passwords import GENERATED, PASSWORD
from tests.sandbox_process import SandboxProcess
from tests.stories import advance, age, approved, bear_out, draft, posts, request_reimage

UNKNOWN, ATTENTION = OperationState.OUTCOME_UNKNOWN, OperationState.NEEDS_ATTENTION
POST = {"verb": "POST", "path_contains": "/reimage"}
SECRETS = ReimageParameters(admin_password=PASSWORD, custom_data="I2Nsb3VkLWNvbmZpZwo=")


def in_doubt(
    sandbox: SandboxProcess, alice: User, bob: User, parameters: ReimageParameters = SECRETS
) -> ReimageOperation:
    """Azure answered 409, and nothing bears it out yet."""
    sandbox.faults("status", match=POST, status=409)
    operation = advance(approved(alice, bob, "web-02", parameters=parameters).operations.get())
    assert operation.state == UNKNOWN
    return operation


def end_the_term(operation: ReimageOperation) -> None:
    """As if the approval had run out a moment ago."""
    past = timezone.now() - timedelta(seconds=1)
    ReimageRequest.objects.filter(pk=operation.reimage_request_id).update(expires_at=past)


def kept() -> set[str]:
    return set(SealedSecret.objects.values_list("field", flat=True))


def destructions() -> int:
    return AuditEvent.objects.filter(action="sealed_values.expired").count()


@pytest.mark.asvs("V14.2.7")
def test_a_doubt_that_outlives_the_approval_keeps_no_secrets(azure: SandboxProcess, alice: User, bob: User) -> None:
    """The portal's credential is refused meanwhile, so that for as long as that lasts nothing settles it."""
    operation = in_doubt(azure, alice, bob)
    azure.faults("status", match={"verb": "GET"}, status=401, times=100)
    age(operation, timedelta(days=2))
    assert advance(operation).note["code"] == "identity_refused"
    tasks.do_duties()
    assert kept() == {SecretField.ADMIN_PASSWORD, SecretField.CUSTOM_DATA}
    assert destructions() == 0
    end_the_term(operation)
    for _ in range(2):
        tasks.do_duties()
        assert (kept(), destructions()) == (set(), 1)
    event = AuditEvent.objects.get(action="sealed_values.expired")
    assert (event.subject, event.target_id) == (operation.reimage_request.audit_subject, operation.resource_id)
    operation.refresh_from_db()
    assert (operation.state, operation.finished_at) == (UNKNOWN, None)  # what became of the call is still to be found


def test_whose_secrets_are_gone_is_never_sent_again(azure: SandboxProcess, alice: User, bob: User) -> None:
    operation = in_doubt(azure, alice, bob)
    end_the_term(operation)
    tasks.do_duties()
    assert advance(bear_out(operation, azure)).state == OperationState.DRIFTED
    assert operation.findings == [{"code": "approval_expired", "params": {}}]
    assert len(posts(azure)) == 1


def test_nor_if_the_term_begins_anew_by_a_hand_in_the_database(azure: SandboxProcess, alice: User, bob: User) -> None:
    operation = in_doubt(azure, alice, bob)
    end_the_term(operation)
    tasks.do_duties()
    ReimageRequest.objects.update(expires_at=F("expires_at") + timedelta(days=1))
    assert advance(bear_out(operation, azure)).state == OperationState.FAILED
    assert operation.note["code"] == "secret_unusable"
    assert len(posts(azure)) == 1


def test_a_step_that_is_under_way_comes_first(azure: SandboxProcess, alice: User, bob: User) -> None:
    operation = in_doubt(azure, alice, bob)
    end_the_term(operation)
    ReimageOperation.objects.update(lease_until=timezone.now() + timedelta(seconds=20))
    tasks.do_duties()
    assert (len(kept()), destructions()) == (2, 0)
    ReimageOperation.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
    tasks.do_duties()
    assert (len(kept()), destructions()) == (0, 1)


@pytest.mark.asvs("V14.2.7")
@pytest.mark.parametrize("state", [OperationState.PREFLIGHT, OperationState.SETTING_DELETE_OPTION, UNKNOWN])
def test_a_step_that_never_ends_keeps_none_for_long(azure: SandboxProcess, alice: User, bob: User, state: str) -> None:
    """A damaged row fails each time; and one that takes its worker with it is held again and again."""
    approved(alice, bob, "web-02", parameters=SECRETS)
    ReimageOperation.objects.update(
        state=state, evidence={"delete_option_calls": "x"}, lease_until=timezone.now() + timedelta(seconds=20)
    )
    ReimageRequest.objects.update(expires_at=timezone.now() - timedelta(minutes=59))
    tasks.do_duties()
    assert (len(kept()), destructions()) == (2, 0)
    ReimageRequest.objects.update(expires_at=timezone.now() - timedelta(minutes=61))
    tasks.do_duties()
    assert (len(kept()), destructions()) == (0, 1)


def test_what_nobody_approved_is_not_told_as_if(azure: SandboxProcess, alice: User, bob: User) -> None:
    """A draft and an undecided request end by duties of their own."""
    draft(alice, "web-02", parameters=SECRETS)
    request_reimage(alice, "web-03", parameters=SECRETS)
    ReimageRequest.objects.update(expires_at=timezone.now() - timedelta(minutes=61))
    assert destroy_overdue_secrets(now=timezone.now()) == 0
    tasks.do_duties()
    assert (kept(), destructions()) == (set(), 0)


def test_a_generated_one_stays_for_the_machine_may_have_it(
    azure: SandboxProcess, alice: User, bob: User, settings: Any
) -> None:
    settings.PASSWORD_MODE = "generated"
    operation = in_doubt(azure, alice, bob, replace(GENERATED, custom_data=SECRETS.custom_data))
    end_the_term(operation)
    tasks.do_duties()
    assert (kept(), destructions()) == ({SecretField.GENERATED}, 1)


@pytest.mark.asvs("V14.2.7")
def test_a_step_after_the_term_ends_them_without_any_sweep(azure: SandboxProcess, alice: User, bob: User) -> None:
    operation = in_doubt(azure, alice, bob)
    end_the_term(operation)
    bear_out(operation, azure)
    assert kept() == set()


def test_a_refusal_that_comes_after_the_term_keeps_none(
    azure: SandboxProcess, alice: User, bob: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    operation = approved(alice, bob, "web-02", parameters=SECRETS).operations.get()

    def late(*_: Any, **__: Any) -> CallOutcome:
        end_the_term(operation)
        return Refused(status=409, code="Conflict", message="")

    monkeypatch.setattr(reimaging, "submit_reimage", late)
    assert advance(operation).state == UNKNOWN
    assert kept() == set()


@pytest.mark.asvs("V14.2.7")
def test_a_doubt_that_a_person_has_to_settle_keeps_none(azure: SandboxProcess, alice: User, bob: User) -> None:
    operation = in_doubt(azure, alice, bob)
    azure.drift("web-02", replace_os_disk=True)
    age(operation, timedelta(minutes=21))
    assert advance(operation).state == ATTENTION
    assert operation.note["code"] == "refusal_not_borne_out"
    assert kept() == set()


@pytest.mark.asvs("V14.2.7")
def test_an_acceptance_with_a_foreign_address_keeps_none(azure: SandboxProcess, alice: User, bob: User) -> None:
    azure.faults("foreign_operation_host", match=POST, host="https://127.0.0.1:1")
    operation = advance(approved(alice, bob, "web-02", parameters=SECRETS).operations.get())
    assert (operation.state, operation.note["code"]) == (ATTENTION, "operation_address_foreign")
    assert kept() == set()
