"""A request's page: what is planned, what was decided, what happened, and what I may do or why not."""

from urllib.parse import parse_qs, urlsplit

import pytest
from django.http import HttpResponse
from django.utils import timezone

from portal.identity.models import User
from reimage.domain.parameters import ReimageParameters
from reimage.domain.request_states import RequestState
from reimage.models import ReimageRequest
from reimage.services import decision
from tests.cast import client_of
from tests.pages.reading import form_actions, part, source, words
from tests.sandbox_process import SandboxProcess
from tests.stories import approve, draft, request_reimage, run


@pytest.fixture
def pending(azure: SandboxProcess, alice: User) -> ReimageRequest:
    return request_reimage(alice, "web-02", "web-03")


def show(person: User, shown: ReimageRequest) -> HttpResponse:
    return client_of(person).get(f"/requests/{shown.pk}/")


def test_the_approver_reads_the_whole_plan_and_can_decide(pending: ReimageRequest, bob: User) -> None:
    page = show(bob, pending)
    text = words(page)
    assert "Waiting for approval requested by Alice Aoki" in text
    assert "The disk image is corrupt." in text
    assert "INC-7" in text
    assert "1 old OS disk will be deleted" in text
    assert "Approve reimage of 2 VMs" in text
    assert f'name="digest" value="{pending.digest}"' in source(page)
    assert form_actions(page) == {f"/requests/{pending.pk}/approve", f"/requests/{pending.pk}/reject"}


def test_the_requester_may_cancel_but_not_decide_and_reads_why(pending: ReimageRequest, alice: User, bob: User) -> None:
    page = show(alice, pending)
    assert "a second person has to decide" in words(page)
    assert f"These may: {bob.display_name}" in words(page)
    assert form_actions(page) == {f"/requests/{pending.pk}/cancel"}


def test_the_auditor_sees_everything_and_no_button(pending: ReimageRequest, carol: User) -> None:
    page = show(carol, pending)
    assert "You are not an approver for web-02" in words(page)
    assert "will be deleted and cannot be recovered" in words(page)
    assert form_actions(page) == set()
    assert 'href="/audit/' in part(page, "timeline")


def test_a_stranger_does_not_learn_that_it_exists(pending: ReimageRequest, eve: User) -> None:
    page = show(eve, pending)
    assert page.status_code == 404
    assert "Alice" not in words(page)


def test_ones_own_draft_leads_to_its_review(azure: SandboxProcess, alice: User, carol: User) -> None:
    made = draft(alice, "web-02")
    assert show(alice, made)["Location"] == f"/requests/{made.pk}/review"
    assert show(carol, made).status_code == 404


def test_a_finished_one_shows_who_approved_what_azure_said_and_each_step(
    azure: SandboxProcess, alice: User, bob: User
) -> None:
    finished = run(approve(bob, request_reimage(alice, "web-02")), azure)
    page = show(alice, finished)
    text = words(page)
    assert "Completed requested by Alice Aoki" in text
    assert "Approved by Bob Baba" in text
    assert finished.operations.get().azure_request_id in text
    assert "Reimage accepted by Azure web-02 The portal itself" in text
    assert form_actions(page) == set()


def test_a_rejected_one_shows_the_reason(pending: ReimageRequest, alice: User, bob: User) -> None:
    decision.reject_reimage_request(
        approver=bob, reimage_request_id=pending.pk, comment="Not this week.", now=timezone.now()
    )
    text = words(show(alice, pending))
    assert "Rejected by Bob Baba" in text
    assert "Not this week." in text


def test_only_who_may_decide_is_led_to_the_decision(pending: ReimageRequest, alice: User, bob: User) -> None:
    assert 'href="#decision"' in source(show(bob, pending))
    assert 'href="#decision"' not in source(show(alice, pending))
    approve(bob, pending)
    assert 'href="#decision"' not in source(show(bob, pending))


def test_an_expired_one_says_that_nobody_decided(pending: ReimageRequest, alice: User) -> None:
    decision.expire_reimage_requests(now=pending.expires_at)
    assert "Nobody decided in time. Nothing was sent to Azure." in words(show(alice, pending))


@pytest.mark.asvs("V8.2.3", "V14.2.1")
def test_asking_again_brings_the_words_along_but_no_secret(azure: SandboxProcess, alice: User) -> None:
    made = request_reimage(alice, "web-02", parameters=ReimageParameters(admin_password="Correct-Horse-7"))
    reason = "ディスクのイメージが壊れています。" * 100
    ReimageRequest.objects.filter(pk=made.pk).update(justification=reason)
    decision.cancel_reimage_request(requester=alice, reimage_request_id=made.pk, now=timezone.now())
    address = again(show(alice, made))
    machine = str(made.operations.get().virtual_machine_id)
    assert parse_qs(urlsplit(address).query) == {"vm": [machine], "again": [str(made.pk)]}
    form = client_of(alice).get(address)
    assert reason in words(form)
    assert 'value="INC-7"' in source(form)
    assert "Correct-Horse-7" not in source(form)


def test_after_a_partial_failure_only_what_failed_is_offered_again(
    azure: SandboxProcess, alice: User, bob: User
) -> None:
    made = request_reimage(alice, "web-02", "web-03")
    azure.drift("web-03", recreate=True)
    ended = run(approve(bob, made), azure)
    assert ended.state == RequestState.COMPLETED_WITH_PROBLEMS
    page = show(alice, ended)
    failed = ended.operations.get(name="web-03")
    assert f"VM id (another machine of the same name): {failed.plan['vm_id']} in the plan" in words(page)
    assert parse_qs(urlsplit(again(page)).query)["vm"] == [str(failed.virtual_machine_id)]


def test_only_the_requester_is_offered_to_ask_again(azure: SandboxProcess, alice: User, bob: User) -> None:
    finished = run(approve(bob, request_reimage(alice, "web-02")), azure)
    assert "/requests/new" not in source(show(bob, finished))


def test_azures_own_words_are_shown_as_they_came(azure: SandboxProcess, alice: User, bob: User) -> None:
    made = request_reimage(alice, "web-02")
    azure.faults(
        "operation_failed",
        match={"verb": "POST", "vm": "web-02"},
        code="OSProvisioningTimedOut",
        message="It did not finish <b>in time</b>.",
    )
    page = show(alice, run(approve(bob, made), azure))
    assert "Azure's words: OSProvisioningTimedOut It did not finish <b>in time</b>." in words(page)
    assert "<b>in time</b>" not in source(page)


def test_the_list_is_narrowed_by_state_and_by_whose_it_is(pending: ReimageRequest, alice: User, bob: User) -> None:
    name = f"Request #{pending.pk} Waiting for approval web-02 , web-03 Alice Aoki"
    browser = client_of(bob)
    assert name in words(browser.get("/requests/?state=pending"))
    assert "No request matches the filter" in words(browser.get("/requests/?state=ended"))
    assert "No request matches the filter" in words(browser.get("/requests/?mine=1"))
    assert name in words(client_of(alice).get("/requests/?mine=1&state=open"))
    assert name in words(browser.get("/requests/?state=senseless"))


def test_the_list_shows_no_drafts_and_nothing_to_strangers(azure: SandboxProcess, alice: User, eve: User) -> None:
    draft(alice, "web-02")
    assert "There is no request yet" in words(client_of(alice).get("/requests/"))
    request_reimage(alice, "web-02")
    assert "There is no request yet" in words(client_of(eve).get("/requests/"))


def test_lists_show_a_reason_of_several_lines_on_one(pending: ReimageRequest, alice: User) -> None:
    ReimageRequest.objects.filter(pk=pending.pk).update(justification="The disk is corrupt.\r\n\r\nSee INC-7.")
    machine = pending.operations.first().virtual_machine_id
    for address in ("/", "/requests/", f"/machines/{machine}/"):
        text = words(client_of(alice).get(address))
        assert "The disk is corrupt. See INC-7." in text
        assert "\\u000a" not in text


def again(page: HttpResponse) -> str:
    """The address of the link that asks again."""
    return "/requests/new" + source(page).partition('href="/requests/new')[2].partition('"')[0].replace("&amp;", "&")
