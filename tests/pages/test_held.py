"""Whoever asks or decides while execution is held up reads so on the page, before they do it."""

from http import HTTPStatus

import pytest
from django.test import Client, override_settings
from django.utils import timezone

from portal.identity.models import User
from reimage.models import AlarmKind, ExecutionAlarm, ReimageBreaker, ReimageRequest
from reimage.services.pausing import pause_execution, resume_execution
from tests.cast import client_of
from tests.pages.reading import words
from tests.passwords import AT_RELEASE
from tests.sandbox_process import PRODUCTION
from tests.stories import draft, request_reimage

TITLE = "An approval alone does not start it now"
PAUSED = "Execution is paused: once approved, this waits until an administrator resumes execution."
pytestmark = pytest.mark.usefixtures("azure")


def review(alice: User, made: ReimageRequest) -> str:
    return words(client_of(alice).get(f"/requests/{made.pk}/review"))


def test_a_pause_is_told_at_the_review_and_at_the_decision(alice: User, bob: User, dan: User) -> None:
    made, waiting = draft(alice, "web-02"), request_reimage(alice, "web-04")
    approver: Client = client_of(bob)
    assert TITLE not in review(alice, made)
    assert TITLE not in words(approver.get(f"/requests/{waiting.pk}/"))
    pause_execution(administrator=dan, reason="Maintenance.")
    assert PAUSED in review(alice, made)
    assert PAUSED in words(approver.get(f"/requests/{waiting.pk}/"))
    assert TITLE not in words(client_of(alice).get(f"/requests/{waiting.pk}/"))  # she decides nothing
    resume_execution(administrator=dan)
    assert TITLE not in review(alice, made)


def test_a_tripped_breaker_is_told_in_its_own_subscription(alice: User) -> None:
    made = draft(alice, "web-02")
    ReimageBreaker.objects.create(subscription_id=PRODUCTION.replace("0001", "0009"), tripped_at=timezone.now())
    assert TITLE not in review(alice, made)
    ReimageBreaker.objects.create(subscription_id=PRODUCTION, tripped_at=timezone.now())
    text = review(alice, made)
    assert "Many machines of this subscription are being reimaged" in text
    assert "waits until an administrator lets it through" in text


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        (AlarmKind.AZURE_REFUSES, "Azure refuses the portal itself at present"),
        (AlarmKind.SEALING_KEY_MISSING, "The worker lacks its key at present"),
    ],
)
def test_so_is_what_nobody_meant(alice: User, kind: AlarmKind, text: str) -> None:
    ExecutionAlarm.objects.create(kind=kind, raised_at=timezone.now())
    assert text in review(alice, draft(alice, "web-02"))


def test_whatever_alarm_is_on_people_can_ask_and_decide(alice: User, bob: User) -> None:
    made, waiting = draft(alice, "web-02"), request_reimage(alice, "web-04")
    for kind in AlarmKind:
        ExecutionAlarm.objects.create(kind=kind, raised_at=timezone.now())
    assert TITLE in review(alice, made)
    approver = client_of(bob)
    assert TITLE in words(approver.get(f"/requests/{waiting.pk}/"))
    assert approver.get(f"/requests/{waiting.pk}/progress").status_code == HTTPStatus.OK
    answer = approver.post(f"/requests/{waiting.pk}/approve", {"digest": waiting.digest}, follow=True)
    assert "The reimage starts once an administrator has lifted what holds execution up." in words(answer)


def test_a_step_of_one_operation_that_keeps_crashing_holds_no_other_up(alice: User, bob: User) -> None:
    made, waiting = draft(alice, "web-02"), request_reimage(alice, "web-04")
    ExecutionAlarm.objects.create(kind=AlarmKind.STEP_KEEPS_CRASHING, raised_at=timezone.now())
    assert TITLE not in review(alice, made)
    approver = client_of(bob)
    assert TITLE not in words(approver.get(f"/requests/{waiting.pk}/"))
    answer = approver.post(f"/requests/{waiting.pk}/approve", {"digest": waiting.digest}, follow=True)
    assert "Approved. The reimage starts now." in words(answer)


def test_after_the_decision_it_is_no_longer_said_there(alice: User, bob: User, dan: User) -> None:
    waiting = request_reimage(alice, "web-02")
    pause_execution(administrator=dan, reason="Maintenance.")
    answer = client_of(bob).post(f"/requests/{waiting.pk}/approve", {"digest": waiting.digest}, follow=True)
    text = words(answer)
    assert TITLE not in text
    assert "Approved. The reimage starts once an administrator has lifted what holds execution up." in text


def test_an_approval_promises_no_start_where_a_password_is_awaited_either(alice: User, bob: User, dan: User) -> None:
    with override_settings(PASSWORD_MODE="at_release"):
        waiting = request_reimage(alice, "web-02", parameters=AT_RELEASE)
        pause_execution(administrator=dan, reason="Maintenance.")
        answer = client_of(bob).post(f"/requests/{waiting.pk}/approve", {"digest": waiting.digest}, follow=True)
    assert "The requester is asked for the password. Execution is held up" in words(answer)


def test_a_worker_without_its_key_holds_nothing_up_that_it_can_do_without(alice: User, bob: User) -> None:
    waiting = request_reimage(alice, "web-02")
    ExecutionAlarm.objects.create(kind=AlarmKind.SEALING_KEY_MISSING, raised_at=timezone.now())
    answer = client_of(bob).post(f"/requests/{waiting.pk}/approve", {"digest": waiting.digest}, follow=True)
    assert "Approved. The reimage starts now." in words(answer)
