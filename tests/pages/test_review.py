"""The last look before sending: the plan in words, who is asked, and a confirmation that cannot be clicked past."""

import re

import pytest
from django.http import HttpResponse
from django.test import Client

from portal.audit.disclosure import disclosed_body
from portal.audit.models import AuditEvent
from portal.identity.models import User
from reimage.domain.parameters import ReimageParameters
from reimage.domain.plan import DeleteOptionChange
from reimage.domain.request_states import RequestState
from reimage.models import AccessGrant, GrantRole, ReimageRequest
from tests.cast import client_of
from tests.pages.reading import part, source, words
from tests.sandbox_process import SandboxProcess
from tests.stories import draft

pytestmark = pytest.mark.usefixtures("azure")


def review(visitor: Client, made: ReimageRequest) -> HttpResponse:
    return visitor.get(f"/requests/{made.pk}/review")


def confirm(visitor: Client, made: ReimageRequest, **fields: str) -> HttpResponse:
    return visitor.post(f"/requests/{made.pk}/review", fields)


def test_it_says_the_gravest_first_and_shows_the_picture_and_the_body(visitor: Client, alice: User) -> None:
    parameters = ReimageParameters(admin_password="Correct-Horse-7", exact_version="20348.2762.241006")
    page = review(visitor, draft(alice, "web-02", parameters=parameters, change=DeleteOptionChange.DELETE))
    text = words(page)
    deleted, kept = text.index("will be deleted and cannot be recovered"), text.index("The machine keeps its VM id")
    assert deleted < text.index("deleteOption is changed from Detach to Delete") < kept
    assert "What happens to VM extensions is not documented by Azure" in text
    assert "Old OS disk: DELETED" in text
    assert '"exactVersion": "20348.2762.241006"' in text
    assert "Correct-Horse-7" not in source(page)


def test_it_says_where_no_body_is_sent(visitor: Client, alice: User) -> None:
    assert "The call to Azure has no body" in words(review(visitor, draft(alice, "web-01")))


def test_it_says_who_is_asked_and_until_when(visitor: Client, alice: User, bob: User) -> None:
    text = words(review(visitor, draft(alice, "web-02")))
    assert f"Who will be asked {bob.display_name}" in text
    assert "expires 72 hours after you send it" in text


def test_it_warns_that_nobody_can_approve_and_names_whom_to_ask(visitor: Client, alice: User, dan: User) -> None:
    AccessGrant.objects.filter(role=GrantRole.APPROVER).delete()
    text = words(review(visitor, draft(alice, "web-02")))
    assert "Nobody can approve this yet" in text
    assert dan.display_name in text


def test_the_button_says_what_it_does_and_the_phrase_is_named(visitor: Client, alice: User) -> None:
    text = words(review(visitor, draft(alice, "web-02", "batch-01")))
    assert "Request reimage of 2 VMs" in text
    assert "To confirm, type: reimage 2" in text


def test_the_tick_is_asked_for_only_where_a_disk_will_be_deleted(visitor: Client, alice: User) -> None:
    assert 'name="accepts_disk_deletion"' in source(review(visitor, draft(alice, "web-03")))
    assert 'name="accepts_disk_deletion"' not in source(review(visitor, draft(alice, "web-02")))


def test_the_right_phrase_sends_it(visitor: Client, alice: User) -> None:
    made = draft(alice, "web-02")
    answer = confirm(visitor, made, confirmation="web-02")
    assert answer["Location"] == f"/requests/{made.pk}/"
    made.refresh_from_db()
    assert made.state == RequestState.PENDING_APPROVAL


@pytest.mark.parametrize("typed", ["", "web-03", "yes"])
def test_another_phrase_does_not(visitor: Client, alice: User, typed: str) -> None:
    made = draft(alice, "web-02")
    answer = confirm(visitor, made, confirmation=typed)
    assert answer.status_code == 422
    assert "Type “web-02” to confirm." in part(answer, "id_confirmation_error")
    made.refresh_from_db()
    assert made.state == RequestState.DRAFT


def test_both_mistakes_are_told_at_once(visitor: Client, alice: User) -> None:
    answer = confirm(visitor, draft(alice, "web-03"), confirmation="web-02")
    assert "Type “web-03” to confirm." in part(answer, "id_confirmation_error")
    assert "Tick the box to confirm that" in part(answer, "id_accepts_disk_deletion_error")


@pytest.mark.parametrize(("began", "confirmed"), [("en", "ja"), ("ja", "en")])
def test_the_warnings_are_recorded_in_the_language_of_the_page_that_was_confirmed(
    visitor: Client, alice: User, began: str, confirmed: str
) -> None:
    made = draft(alice, "web-03", language=began)
    User.objects.filter(pk=alice.pk).update(language=confirmed)
    page = review(visitor, made)
    assert f'name="language" value="{confirmed}"' in source(page)
    User.objects.filter(pk=alice.pk).update(language=began)  # in another tab
    confirm(visitor, made, confirmation="web-03", accepts_disk_deletion="on", language=confirmed)
    detail = disclosed_body(AuditEvent.objects.get(action="reimage_request.submitted"))["detail"]
    assert detail["language"] == confirmed
    (machine,) = detail["virtual_machines"]
    assert set(machine["warnings_shown"]) == {confirmed, "en"}
    assert all(text in words(page) for text in machine["warnings_shown"][confirmed])


def test_a_language_that_there_is_not_is_that_of_the_page(visitor: Client, alice: User) -> None:
    made = draft(alice, "web-02", language="en")
    confirm(visitor, made, confirmation="web-02", language="tlh")
    made.refresh_from_db()
    assert (made.state, made.language) == (RequestState.PENDING_APPROVAL, "en")


def test_without_the_tick_no_disk_is_deleted(visitor: Client, alice: User) -> None:
    made = draft(alice, "web-03")
    answer = confirm(visitor, made, confirmation="web-03")
    assert answer.status_code == 422
    assert "Tick the box to confirm that" in part(answer, "id_accepts_disk_deletion_error")
    made.refresh_from_db()
    assert made.state == RequestState.DRAFT


def test_sending_twice_leads_to_the_one_request(visitor: Client, alice: User) -> None:
    made = draft(alice, "web-02")
    answers = [confirm(visitor, made, confirmation="web-02") for _ in range(2)]
    assert [answer["Location"] for answer in answers] == [f"/requests/{made.pk}/"] * 2
    assert ReimageRequest.objects.count() == 1
    assert made.notices.count() == 1


def test_a_machine_that_changed_meanwhile_stops_it(visitor: Client, alice: User, azure: SandboxProcess) -> None:
    made = draft(alice, "web-02")
    azure.drift("web-02", delete_option="Delete")
    answer = confirm(visitor, made, confirmation="web-02")
    assert answer.status_code == 409
    assert "deleteOption of the OS disk: Detach in the plan, Delete now" in words(answer)


def test_a_machine_that_became_busy_is_named(visitor: Client, alice: User, azure: SandboxProcess) -> None:
    made = draft(alice, "web-02")
    azure.drift("web-02", provisioning_state="Updating")
    answer = confirm(visitor, made, confirmation="web-02")
    assert answer.status_code == 422
    assert "Azure is busy with web-02 (Updating)" in words(answer)


def test_what_was_typed_is_still_there_when_azure_cannot_be_reached(
    visitor: Client, alice: User, azure: SandboxProcess
) -> None:
    made = draft(alice, "web-03")
    azure.faults("reset_before", match={"verb": "GET", "vm": "web-03"}, times=9)
    fields = {"confirmation": "web-03", "accepts_disk_deletion": "on"}
    answer = confirm(visitor, made, **fields)
    assert answer.status_code == 503
    assert "Azure does not answer right now" in words(answer)
    assert 'value="web-03"' in source(answer)
    assert re.search('name="accepts_disk_deletion"[^>]* checked', source(answer))
    azure.clear()
    assert confirm(visitor, made, **fields).status_code == 302


def test_the_plans_of_many_machines_are_folded_with_their_fate_in_sight(visitor: Client, alice: User) -> None:
    page = review(visitor, draft(alice, "web-01", "web-02", "web-03", "web-04"))
    folded = re.findall(r'(?s)<details class="panel plan">\s*<summary>(.*?)</summary>', source(page))
    assert len(folded) == 4
    assert "will be DELETED" in folded[2]


@pytest.mark.asvs("V8.2.2")
def test_somebody_elses_draft_does_not_exist(alice: User, bob: User, carol: User) -> None:
    made = draft(alice, "web-02")
    for person in (bob, carol):
        assert review(client_of(person), made).status_code == 404
        assert confirm(client_of(person), made, confirmation="web-02").status_code == 404
    made.refresh_from_db()
    assert made.state == RequestState.DRAFT
