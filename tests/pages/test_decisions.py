"""Approving, rejecting, canceling through their forms: by whom, when, once; and what the others are told."""

import pytest
from django.conf import settings
from django.http import HttpResponse
from django.utils import timezone

from portal.identity.models import User
from reimage.domain.operation_states import OperationState
from reimage.domain.request_states import RequestState
from reimage.models import AccessGrant, ApprovalDecision, GrantRole, ReimageRequest
from reimage.services import decision
from tests.cast import VM_APPROVERS, client_of
from tests.pages.reading import part, words
from tests.sandbox_process import SandboxProcess
from tests.stories import advance, advance_to, approve, approved, request_reimage, run

DEEDS = {"approve": {}, "reject": {"comment": "Not this week."}, "cancel": {}}


@pytest.fixture
def pending(azure: SandboxProcess, alice: User) -> ReimageRequest:
    return request_reimage(alice, "web-02")


def do(person: User, deed: str, made: ReimageRequest, **fields: str) -> HttpResponse:
    data = {"digest": made.digest, **DEEDS[deed], **fields}
    return client_of(person).post(f"/requests/{made.pk}/{deed}", data)


def state_of(made: ReimageRequest) -> str:
    return ReimageRequest.objects.get(pk=made.pk).state


def test_the_approver_approves_and_the_machines_are_queued(pending: ReimageRequest, bob: User) -> None:
    answer = do(bob, "approve", pending, comment="Go ahead.")
    assert answer["Location"] == f"/requests/{pending.pk}/"
    assert state_of(pending) == RequestState.APPROVED
    made = ApprovalDecision.objects.get()
    assert (made.approver, made.outcome, made.comment, made.digest) == (bob, "approved", "Go ahead.", pending.digest)
    assert pending.operations.get().state == OperationState.QUEUED


@pytest.mark.asvs("V3.3.1")
def test_the_line_after_a_deed_is_for_whoever_did_it(pending: ReimageRequest, bob: User, alice: User) -> None:
    deed = "Approved. The reimage starts now."
    answer = do(bob, "approve", pending)
    said = answer.cookies[settings.MESSAGES_COOKIE_NAME].value
    his, hers = client_of(bob), client_of(alice)
    for client in (his, hers):
        client.cookies[settings.MESSAGES_COOKIE_NAME] = said
    assert deed in words(his.get("/"))
    assert deed not in words(hers.get("/"))


def test_the_approver_rejects_with_a_reason(pending: ReimageRequest, bob: User) -> None:
    do(bob, "reject", pending)
    assert state_of(pending) == RequestState.REJECTED
    assert ApprovalDecision.objects.get().comment == "Not this week."


def test_a_rejection_without_a_reason_comes_back_with_the_form(pending: ReimageRequest, bob: User) -> None:
    answer = do(bob, "reject", pending, comment="  ")
    assert answer.status_code == 422
    assert "A rejection needs a reason" in part(answer, "reject_comment_error")
    assert state_of(pending) == RequestState.PENDING_APPROVAL


@pytest.mark.parametrize("deed", ["approve", "reject"])
@pytest.mark.parametrize(
    ("comment", "text"),
    [
        ("x" * 2001, "at most 2000 characters (it has 2001)"),
        ("before\x00after", "This text holds a character that cannot be stored (U+0000)"),
    ],
)
def test_a_comment_that_cannot_be_kept_whole_comes_back(
    pending: ReimageRequest, bob: User, deed: str, comment: str, text: str
) -> None:
    answer = do(bob, deed, pending, comment=comment)
    assert answer.status_code == 422
    assert text in part(answer, f"{deed}_comment_error").partition("</div>")[0]
    assert state_of(pending) == RequestState.PENDING_APPROVAL


def test_an_unreadable_comment_does_not_hide_why_one_may_not_decide(pending: ReimageRequest, alice: User) -> None:
    answer = do(alice, "approve", pending, comment="\x00")
    assert answer.status_code == 403
    assert "a second person has to decide" in words(answer)


def test_the_requester_cancels(pending: ReimageRequest, alice: User) -> None:
    do(alice, "cancel", pending)
    assert state_of(pending) == RequestState.CANCELED


def test_the_requester_calls_off_what_was_not_sent(azure: SandboxProcess, alice: User, bob: User) -> None:
    running = approved(alice, bob, "web-01", "web-02", "web-03")
    advance_to(running.operations.get(name="web-01"), OperationState.IN_PROGRESS)
    address = f"/requests/{running.pk}/"
    assert "Not sent to Azure yet: web-02 web-03 Cancel these" in words(client_of(alice).get(address))
    assert "Not sent to Azure yet" not in words(client_of(bob).get(address))
    page = client_of(alice).post(f"{address}cancel", follow=True)
    assert "Canceled before anything was sent: web-02, web-03." in words(page)
    assert "Not sent to Azure yet" not in words(page)
    assert state_of(running) == RequestState.EXECUTING


def test_another_plan_than_the_one_shown_is_not_approved(pending: ReimageRequest, bob: User) -> None:
    answer = do(bob, "approve", pending, digest="0" * 64)
    assert answer.status_code == 409
    assert "Reload the page" in words(answer)
    assert f'href="/requests/{pending.pk}/"' in part(answer, "problem")
    assert state_of(pending) == RequestState.PENDING_APPROVAL


def test_that_the_requester_lost_the_right_is_told_before_the_decision(pending: ReimageRequest, bob: User) -> None:
    lost = "Alice Aoki may no longer request a reimage of: web-02. Reject the request, or ask an administrator"
    page = client_of(bob).get(f"/requests/{pending.pk}/")
    assert lost not in words(page)
    AccessGrant.objects.filter(role=GrantRole.REQUESTER).delete()
    assert lost in words(client_of(bob).get(f"/requests/{pending.pk}/"))
    assert do(bob, "approve", pending).status_code == 403


def test_who_sees_everybodys_requests_is_told_so(pending: ReimageRequest, bob: User, carol: User) -> None:
    assert "The requests of everybody." in words(client_of(carol).get("/requests/"))
    assert "about machines that you may decide on" in words(client_of(bob).get("/requests/"))


@pytest.mark.asvs("V2.3.5")
def test_nobody_decides_their_own_request_with_whatever_grant(pending: ReimageRequest, alice: User) -> None:
    User.objects.filter(pk=alice.pk).update(group_ids=[VM_APPROVERS], app_roles=["Reimage.Administrator"])
    for deed in ("approve", "reject"):
        answer = do(alice, deed, pending)
        assert answer.status_code == 403
        assert "a second person has to decide" in words(answer)
    assert state_of(pending) == RequestState.PENDING_APPROVAL


def test_a_late_decision_is_told_who_was_faster_and_when(pending: ReimageRequest, bob: User, eve: User) -> None:
    User.objects.filter(pk=eve.pk).update(group_ids=[VM_APPROVERS])
    approve(bob, pending)
    decided_at = ApprovalDecision.objects.get().decided_at
    for deed in ("approve", "reject"):
        answer = do(eve, deed, pending)
        assert answer.status_code == 409
        assert f"Request #{pending.pk} was already approved by Bob Baba at" in words(answer)
        assert str(decided_at.year) in words(answer)
    assert ApprovalDecision.objects.count() == 1


def test_deciding_twice_by_a_double_click_changes_nothing(pending: ReimageRequest, bob: User) -> None:
    assert [do(bob, "approve", pending).status_code for _ in range(2)] == [302, 409]
    assert ApprovalDecision.objects.count() == 1


def test_it_is_too_late_to_decide_after_the_deadline(pending: ReimageRequest, bob: User) -> None:
    ReimageRequest.objects.filter(pk=pending.pk).update(expires_at=timezone.now())
    answer = do(bob, "approve", pending)
    assert answer.status_code == 409
    assert "expired before anybody decided" in words(answer)


def test_it_is_too_late_to_cancel_once_sent(pending: ReimageRequest, alice: User, bob: User) -> None:
    operation = approve(bob, pending).operations.get()
    advance(operation)
    answer = do(alice, "cancel", pending)
    assert answer.status_code == 409
    assert state_of(pending) == RequestState.EXECUTING


def test_only_the_requester_cancels(pending: ReimageRequest, bob: User, carol: User) -> None:
    for person in (bob, carol):
        answer = do(person, "cancel", pending)
        assert answer.status_code == 403
        assert "Only the person who asked" in words(answer)
    assert state_of(pending) == RequestState.PENDING_APPROVAL


@pytest.mark.parametrize("deed", DEEDS)
def test_a_role_alone_lets_nobody_act(pending: ReimageRequest, carol: User, dan: User, deed: str) -> None:
    for person in (carol, dan):
        assert do(person, deed, pending).status_code == 403
    assert state_of(pending) == RequestState.PENDING_APPROVAL


@pytest.mark.parametrize("deed", DEEDS)
@pytest.mark.asvs("V8.2.2")
def test_for_a_stranger_there_is_no_such_request(pending: ReimageRequest, eve: User, deed: str) -> None:
    assert do(eve, deed, pending).status_code == 404
    assert state_of(pending) == RequestState.PENDING_APPROVAL


@pytest.mark.parametrize("deed", DEEDS)
@pytest.mark.asvs("V3.5.3")
def test_no_link_decides(pending: ReimageRequest, alice: User, bob: User, deed: str) -> None:
    for person in (alice, bob):
        assert client_of(person).get(f"/requests/{pending.pk}/{deed}").status_code == 405
    assert state_of(pending) == RequestState.PENDING_APPROVAL


@pytest.mark.parametrize("deed", DEEDS)
def test_what_has_ended_stays_as_it_is(pending: ReimageRequest, alice: User, bob: User, deed: str) -> None:
    decision.expire_reimage_requests(now=pending.expires_at)
    answer = do(alice if deed == "cancel" else bob, deed, pending)
    assert answer.status_code == 409
    assert "no longer as your page showed it" in words(answer)
    assert f'href="/requests/{pending.pk}/"' in part(answer, "problem")
    assert state_of(pending) == RequestState.EXPIRED


@pytest.mark.asvs("V16.5.2")
def test_it_can_be_approved_while_azure_is_down_and_runs_when_it_is_back(
    pending: ReimageRequest, bob: User, azure: SandboxProcess
) -> None:
    azure.faults("status", match={"path_contains": "/virtualMachines/"}, status=503, times=3)
    assert do(bob, "approve", pending).status_code == 302
    waiting = advance(pending.operations.get())
    assert (waiting.state, waiting.note["code"]) == (OperationState.PREFLIGHT, "azure_unavailable")
    page = part(client_of(bob).get(f"/requests/{pending.pk}/"), "progress")
    assert "The portal tries again by itself." in page
    assert run(pending, azure).state == RequestState.COMPLETED
