"""Sent twice, by a double click, a reload or a second tab: one request, and the twin is led to it."""

from unittest.mock import patch

import pytest
from django.http import HttpResponse
from django.test import Client

from portal.identity.models import User
from reimage.domain.operation_states import OperationState
from reimage.domain.request_states import RequestState
from reimage.models import ReimageRequest, VirtualMachine
from reimage.services import submission
from tests.pages.reading import words
from tests.stories import draft, submit

pytestmark = pytest.mark.usefixtures("azure")


def fill_in(visitor: Client, *names: str, justification: str = "The disk image is corrupt.") -> HttpResponse:
    machines = VirtualMachine.objects.filter(name__in=names)
    form = {"vm": [machine.pk for machine in machines], "justification": justification, "ticket": "INC-7"}
    return visitor.post("/requests/new", form)


def confirm(visitor: Client, made: ReimageRequest) -> HttpResponse:
    phrase = submission.confirmation_phrase(made)
    return visitor.post(f"/requests/{made.pk}/review", {"confirmation": phrase})


def assert_leads_to(visitor: Client, answer: HttpResponse, first: ReimageRequest) -> None:
    assert (answer.status_code, answer["Location"]) == (302, f"/requests/{first.pk}/")
    assert f"Request #{first.pk} has already been sent; it was not sent twice." in words(
        visitor.get(answer["Location"])
    )
    sent = ReimageRequest.objects.exclude(state=RequestState.DRAFT)
    assert list(sent) == [first]
    assert first.notices.count() == 1


def test_the_review_sent_again_leads_to_its_request(visitor: Client, alice: User) -> None:
    made = draft(alice, "web-02")
    assert confirm(visitor, made).status_code == 302
    visitor.get(f"/requests/{made.pk}/")
    assert_leads_to(visitor, confirm(visitor, made), made)


def test_the_twin_of_a_double_click_leads_there_too(visitor: Client, alice: User) -> None:
    """The first is sent between the twin's look at the draft and its look at the machines."""
    made = draft(alice, "web-02")
    check = submission._check_machines

    def the_other_one_is_quicker(found: ReimageRequest) -> None:
        with patch.object(submission, "_check_machines", check):
            submit(ReimageRequest.objects.get(pk=found.pk))
        check(found)

    with patch.object(submission, "_check_machines", the_other_one_is_quicker):
        answer = confirm(visitor, made)
    assert_leads_to(visitor, answer, made)


def test_the_review_in_a_second_tab_leads_to_the_first_ones_request(visitor: Client, alice: User) -> None:
    first, second = draft(alice, "web-02"), draft(alice, "web-02")
    confirm(visitor, first)
    visitor.get(f"/requests/{first.pk}/")
    assert_leads_to(visitor, confirm(visitor, second), first)


def test_a_second_tab_at_the_same_moment_leads_there_too(visitor: Client, alice: User) -> None:
    first, second = draft(alice, "web-02"), draft(alice, "web-02")

    def the_other_one_is_quicker(_found: ReimageRequest) -> None:
        with patch.object(submission, "_check_machines"):
            submit(first)

    with patch.object(submission, "_check_machines", the_other_one_is_quicker):
        answer = confirm(visitor, second)
    assert_leads_to(visitor, answer, first)


def test_the_form_sent_again_afterwards_leads_there_too(visitor: Client, alice: User) -> None:
    fill_in(visitor, "web-02", "web-03")
    made = ReimageRequest.objects.get()
    visitor.post(
        f"/requests/{made.pk}/review",
        {"confirmation": submission.confirmation_phrase(made), "accepts_disk_deletion": "on"},
    )
    visitor.get(f"/requests/{made.pk}/")
    assert_leads_to(visitor, fill_in(visitor, "web-02", "web-03"), made)


def test_a_request_for_other_machines_besides_is_no_twin(visitor: Client, alice: User) -> None:
    submit(draft(alice, "web-02"))
    answer = fill_in(visitor, "web-02", "web-04")
    assert answer.status_code == 422
    assert "web-02 already has an open request" in words(answer)


def test_nor_is_one_for_some_of_the_machines(visitor: Client, alice: User) -> None:
    submit(draft(alice, "web-02", "web-04"))
    answer = fill_in(visitor, "web-02")
    assert answer.status_code == 422
    assert "web-02 already has an open request" in words(answer)


def test_nor_is_one_for_another_reason_and_what_was_typed_stays(visitor: Client, alice: User) -> None:
    submit(draft(alice, "web-02"))
    answer = fill_in(visitor, "web-02", justification="It was broken into.")
    assert answer.status_code == 422
    assert "web-02 already has an open request" in words(answer)
    assert "It was broken into." in words(answer)


def test_nor_is_one_whose_first_has_ended_in_part(visitor: Client, alice: User) -> None:
    first = submit(draft(alice, "web-02", "web-04"))
    first.operations.filter(name="web-04").update(state=OperationState.SUCCEEDED)
    answer = fill_in(visitor, "web-02", "web-04")
    assert answer.status_code == 422
    assert "web-02 already has an open request" in words(answer)


def test_once_it_has_ended_the_same_is_a_new_request(visitor: Client, alice: User) -> None:
    made = submit(draft(alice, "web-02"))
    visitor.post(f"/requests/{made.pk}/cancel")
    answer = fill_in(visitor, "web-02")
    assert answer["Location"] == f"/requests/{ReimageRequest.objects.latest('pk').pk}/review"
