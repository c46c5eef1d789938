"""Sending a reviewed draft: confirmed, still true, once."""

import json
from datetime import timedelta
from typing import Any
from unittest.mock import patch

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from portal.audit.models import AuditEvent
from portal.errors import NotFound, Unavailable, WrongState
from portal.identity.models import User
from reimage.domain.operation_states import OperationState
from reimage.domain.parameters import ReimageParameters
from reimage.domain.request_states import RequestState
from reimage.models import AccessGrant, Notice, ReimageOperation, ReimageRequest
from reimage.services import submission
from reimage.services.drafting import discard_expired_drafts
from reimage.services.errors import InvalidReimageRequest
from tests.sandbox_process import SandboxProcess
from tests.stories import draft, submit


def assert_nothing_was_sent(reimage_request: ReimageRequest) -> None:
    reimage_request.refresh_from_db()
    assert reimage_request.state == RequestState.DRAFT
    assert {operation.state for operation in reimage_request.operations.all()} == {OperationState.PLANNED}
    assert not Notice.objects.exists()
    assert not AuditEvent.objects.filter(action="reimage_request.submitted").exists()


def send(reimage_request: ReimageRequest, **differences: Any) -> ReimageRequest:
    given: dict[str, Any] = {
        "requester": reimage_request.requester,
        "reimage_request_id": reimage_request.pk,
        "confirmation": submission.confirmation_phrase(reimage_request),
        "accepts_disk_deletion": True,
        "language": reimage_request.language,
        "now": timezone.now(),
    }
    return submission.submit_reimage_request(**given | differences)


@pytest.mark.asvs("V2.3.2")
def test_it_sends_the_draft_and_gives_the_approvers_three_days(azure: SandboxProcess, alice: User) -> None:
    reviewed = draft(alice, "web-02")
    now = timezone.now()
    sent = send(reviewed, now=now)
    assert sent.state == RequestState.PENDING_APPROVAL
    assert sent.submitted_at == now
    assert sent.expires_at == now + timedelta(hours=72)
    assert sent.operations.get().state == OperationState.AWAITING_APPROVAL
    assert Notice.objects.get().kind == "submitted"


def test_it_records_the_plan_and_the_warnings_as_they_were_shown(azure: SandboxProcess, alice: User) -> None:
    sent = send(draft(alice, "web-03", parameters=ReimageParameters(admin_password="Correct-Horse-7")))
    event = AuditEvent.objects.get(action="reimage_request.submitted")
    body = json.loads(bytes(event.body))
    (machine,) = body["detail"]["virtual_machines"]
    operation = sent.operations.get()
    assert machine["warnings_shown"] == operation.warnings_shown
    assert machine["plan_digest"] == operation.plan_digest
    assert body["flags"] == ["delete_warning"]
    assert "Correct-Horse-7" not in str(body)


def test_one_machine_is_confirmed_by_its_name_and_several_by_their_number(azure: SandboxProcess, alice: User) -> None:
    assert submission.confirmation_phrase(draft(alice, "web-01")) == "web-01"
    assert submission.confirmation_phrase(draft(alice, "web-01", "web-02")) == "reimage 2"


@pytest.mark.asvs("V2.2.2", "V2.4.2")
def test_it_refuses_another_confirmation_and_a_missing_tick(azure: SandboxProcess, alice: User) -> None:
    reviewed = draft(alice, "web-03")
    with pytest.raises(InvalidReimageRequest) as refused:
        send(reviewed, confirmation="web-02", accepts_disk_deletion=False)
    assert [finding.violation.code for finding in refused.value.findings] == [
        "confirmation_differs",
        "disk_deletion_not_accepted",
    ]
    assert_nothing_was_sent(reviewed)


def test_the_tick_is_only_for_a_disk_that_will_be_deleted(azure: SandboxProcess, alice: User) -> None:
    assert send(draft(alice, "web-02"), accepts_disk_deletion=False).state == RequestState.PENDING_APPROVAL


@pytest.mark.asvs("V2.3.1")
def test_it_does_not_send_the_same_form_twice(azure: SandboxProcess, alice: User) -> None:
    reviewed = draft(alice, "web-01")
    send(reviewed)
    with pytest.raises(WrongState, match="already been sent"):
        send(reviewed)
    assert ReimageRequest.objects.count() == 1
    assert AuditEvent.objects.filter(action="reimage_request.submitted").count() == 1


def test_it_sends_once_when_the_same_form_arrives_twice_at_a_time(azure: SandboxProcess, alice: User) -> None:
    reviewed = draft(alice, "web-01")
    check = submission._check_machines

    def let_the_other_one_pass(found: ReimageRequest) -> None:
        with patch.object(submission, "_check_machines", check):
            submit(found)

    with (
        patch.object(submission, "_check_machines", let_the_other_one_pass),
        pytest.raises(WrongState, match="already been sent"),
    ):
        send(reviewed)
    assert AuditEvent.objects.filter(action="reimage_request.submitted").count() == 1


def test_a_draft_is_nobody_elses(azure: SandboxProcess, alice: User, dan: User) -> None:
    reviewed = draft(alice, "web-01")
    with pytest.raises(NotFound, match="no such draft"):
        send(reviewed, requester=dan)


def test_an_expired_draft_is_gone(azure: SandboxProcess, alice: User) -> None:
    reviewed = draft(alice, "web-01")
    with pytest.raises(NotFound, match="expired after an hour"):
        send(reviewed, now=timezone.now() + timedelta(hours=1))


def test_a_draft_that_is_discarded_meanwhile_is_gone(azure: SandboxProcess, alice: User) -> None:
    reviewed = draft(alice, "web-01")
    later = reviewed.expires_at

    def sweep(_: ReimageRequest) -> None:
        discard_expired_drafts(now=later)

    with patch.object(submission, "_check_machines", sweep), pytest.raises(NotFound, match="expired"):
        send(reviewed)


@pytest.mark.parametrize(
    ("machine", "change", "field"),
    [
        ("web-02", {"delete_option": "Delete"}, "deleteOption"),
        ("web-02", {"recreate": True}, "VM id"),
        ("web-02", {"replace_os_disk": True}, "OS disk"),
        ("web-02", {"exact_version": "20348.1.1"}, "image version"),
    ],
)
def test_it_refuses_a_form_that_is_older_than_the_machine_it_shows(
    azure: SandboxProcess, alice: User, machine: str, change: dict[str, Any], field: str
) -> None:
    reviewed = draft(alice, machine)
    azure.drift(machine, **change)
    with pytest.raises(WrongState) as refused:
        send(reviewed)
    assert f"{machine}: {field}" in refused.value.message
    assert_nothing_was_sent(reviewed)


def test_a_power_state_is_no_drift(azure: SandboxProcess, alice: User) -> None:
    reviewed = draft(alice, "web-02")
    azure.drift("web-02", power_state="deallocated")
    assert send(reviewed).state == RequestState.PENDING_APPROVAL


@pytest.mark.parametrize(
    ("change", "code"),
    [({"provisioning_state": "Updating"}, "virtual_machine_busy"), ({"delete": True}, "virtual_machine_vanished")],
)
def test_it_refuses_a_machine_that_cannot_be_reimaged_any_more(
    azure: SandboxProcess, alice: User, change: dict[str, Any], code: str
) -> None:
    reviewed = draft(alice, "web-01")
    azure.drift("web-01", **change)
    with pytest.raises(InvalidReimageRequest) as refused:
        send(reviewed)
    assert [finding.violation.code for finding in refused.value.findings] == [code]
    assert_nothing_was_sent(reviewed)


@pytest.mark.asvs("V2.2.2", "V8.2.4", "V8.3.1")
def test_it_refuses_a_requester_who_lost_the_grant_meanwhile(
    azure: SandboxProcess, alice: User, grants: list[AccessGrant]
) -> None:
    reviewed = draft(alice, "web-01")
    grants[0].delete()
    azure.clear()
    with pytest.raises(NotFound):
        send(reviewed)
    assert azure.ledger() == []
    assert_nothing_was_sent(reviewed)


def test_it_sends_nothing_while_azure_does_not_answer(azure: SandboxProcess, alice: User) -> None:
    reviewed = draft(alice, "web-01")
    azure.faults("reset_before", match={"vm": "web-01"}, times=9)
    with pytest.raises(Unavailable):
        send(reviewed)
    assert_nothing_was_sent(reviewed)


@pytest.mark.asvs("V2.3.2", "V2.3.4")
def test_the_database_lets_only_one_request_at_a_machine(azure: SandboxProcess, alice: User) -> None:
    first, second = draft(alice, "web-01"), draft(alice, "web-01")
    send(first)
    with pytest.raises(IntegrityError), transaction.atomic():
        ReimageOperation.objects.filter(reimage_request=second).update(state=OperationState.AWAITING_APPROVAL)


def test_who_comes_a_moment_later_is_told_so(azure: SandboxProcess, alice: User) -> None:
    first, second = draft(alice, "web-01"), draft(alice, "web-01", "web-02")
    with patch.object(submission, "_check_machines"):
        send(first)
        with pytest.raises(WrongState, match="a moment before yours, for: web-01"):
            send(second)
    second.refresh_from_db()
    assert second.state == RequestState.DRAFT
    assert AuditEvent.objects.filter(action="reimage_request.submitted").count() == 1


@pytest.mark.parametrize(("names", "remedy"), [(("web-01",), "has ended."), (("web-01", "web-02"), "machines alone.")])
def test_what_to_do_then_fits_what_was_asked_for(
    azure: SandboxProcess, alice: User, bob: User, names: tuple[str, ...], remedy: str
) -> None:
    first, second = draft(alice, "web-01"), draft(alice, *names)
    ReimageRequest.objects.filter(pk=second.pk).update(ticket="INC-8")
    with patch.object(submission, "_check_machines"):
        send(first)
        with pytest.raises(WrongState) as late:
            send(second)
    assert str(late.value.message).endswith("for: web-01.")
    assert str(late.value.remedy).endswith(remedy)


def test_it_refuses_a_machine_that_another_request_took_meanwhile(azure: SandboxProcess, alice: User) -> None:
    first, second = draft(alice, "web-01"), draft(alice, "web-01", "web-02")
    send(first)
    with pytest.raises(InvalidReimageRequest) as refused:
        send(second)
    assert [finding.violation.code for finding in refused.value.findings] == ["virtual_machine_has_open_request"]
