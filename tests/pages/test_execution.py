"""The page of what holds execution up, and the banner that tells of it on every page."""

from typing import Any

import pytest
from django.utils import timezone

from portal.identity.models import User
from reimage.models import AlarmKind, ExecutionAlarm, ExecutionPause, ReimageBreaker
from reimage.services import pausing
from tests.cast import client_of
from tests.pages.reading import form_actions, source, words
from tests.sandbox_process import PRODUCTION

REASON = "Azure has an incident."
RELEASE = f"/execution/breakers/{PRODUCTION}/release"


@pytest.fixture
def tripped(db: None) -> ReimageBreaker:
    return ReimageBreaker.objects.create(subscription_id=PRODUCTION, tripped_at=timezone.now())


def test_pausing_and_resuming(dan: User) -> None:
    browser = client_of(dan)
    assert form_actions(browser.get("/execution/")) == {"/execution/pause"}
    answer = browser.post("/execution/pause", {"reason": REASON}, follow=True)
    assert "Paused. Nothing is sent to Azure until somebody resumes execution." in words(answer)
    assert form_actions(answer) == {"/execution/resume"}
    answer = browser.post("/execution/resume", follow=True)
    assert "Resumed. What waited goes on now." in words(answer)
    assert form_actions(answer) == {"/execution/pause"}
    assert ExecutionPause.objects.get().paused_at is None


def test_a_pause_without_a_reason_is_asked_for_one(dan: User) -> None:
    answer = client_of(dan).post("/execution/pause", {"reason": " "})
    assert answer.status_code == 422
    assert "Say why execution is paused" in words(answer)
    assert not ExecutionPause.objects.exists()


@pytest.mark.parametrize("reason", ["", "Again."])
def test_a_second_pause_is_told_of_the_first(dan: User, reason: str) -> None:
    pausing.pause_execution(administrator=dan, reason=REASON)
    answer = client_of(dan).post("/execution/pause", {"reason": reason})
    assert answer.status_code == 409
    assert "already paused: Dan Date paused it at" in words(answer)


def test_a_second_resumption_is_told_of_the_first(dan: User) -> None:
    pausing.pause_execution(administrator=dan, reason=REASON)
    client_of(dan).post("/execution/resume")
    answer = client_of(dan).post("/execution/resume")
    assert answer.status_code == 409
    assert "Dan Date resumed it at" in words(answer)


def test_everybody_reads_of_a_pause_on_every_page(alice: User, dan: User, eve: User) -> None:
    assert "Execution is paused" not in words(client_of(alice).get("/"))
    pausing.pause_execution(administrator=dan, reason="<b>Incident</b>")
    for person in (alice, eve, dan):
        page = client_of(person).get("/requests/")
        assert "Execution is paused: nothing new is sent to Azure" in words(page)
        assert "&lt;b&gt;Incident&lt;/b&gt;" in source(page)
        assert ('href="/execution/">Resume' in source(page)) == (person is dan)


def test_whoever_is_not_signed_in_reads_nothing_of_it(client: Any, dan: User) -> None:
    pausing.pause_execution(administrator=dan, reason=REASON)
    assert REASON not in words(client.get("/sign-in", follow=True))


def test_administrators_alone_read_of_alarms(alice: User, dan: User, tripped: ReimageBreaker) -> None:
    ExecutionAlarm.objects.create(kind=AlarmKind.AZURE_REFUSES, raised_at=timezone.now())
    page = client_of(dan).get("/")
    assert "Azure refuses the portal itself" in words(page)
    assert f"within 10 minutes in subscription {PRODUCTION}" in words(page)
    assert "Azure refuses the portal itself" not in words(client_of(alice).get("/"))
    page = client_of(dan).get("/execution/")
    assert "An alarm ends by itself once what it is about is mended." in words(page)


def test_held_back_reimages_are_let_through(dan: User, tripped: ReimageBreaker) -> None:
    browser = client_of(dan)
    assert form_actions(browser.get("/execution/")) == {"/execution/pause", RELEASE}
    answer = browser.post(RELEASE, {"reimages": "3"}, follow=True)
    assert "Let through. They go on now." in words(answer)
    tripped.refresh_from_db()
    assert (tripped.tripped_at, tripped.allowance) == (None, 3)
    answer = browser.post(RELEASE, {"reimages": "3"})
    assert answer.status_code == 409
    assert "Dan Date already let reimages of this subscription through" in words(answer)
    assert browser.post(RELEASE, {"reimages": ""}).status_code == 409


@pytest.mark.parametrize("reimages", ["", "0", "501", "many"])
def test_a_senseless_number_is_asked_for_again(dan: User, tripped: ReimageBreaker, reimages: str) -> None:
    answer = client_of(dan).post(RELEASE, {"reimages": reimages})
    assert answer.status_code == 422
    assert f'id="release-{PRODUCTION}-reimages_error"' in source(answer)
    tripped.refresh_from_db()
    assert tripped.tripped_at is not None


def test_it_says_when_the_breaker_is_switched_off(dan: User, settings: Any) -> None:
    settings.BREAKER_REIMAGES = 0
    assert "Switched off: any number of reimages may run at once" in words(client_of(dan).get("/execution/"))
    settings.BREAKER_REIMAGES = 10
    assert "More than 10 reimages within 10 minutes" in words(client_of(dan).get("/execution/"))


@pytest.mark.parametrize("address", ["/execution/pause", "/execution/resume", RELEASE])
def test_no_link_does_it_and_nobody_else(
    alice: User, bob: User, carol: User, dan: User, eve: User, tripped: ReimageBreaker, address: str
) -> None:
    assert client_of(dan).get(address).status_code == 405
    for person in (alice, bob, carol, eve):
        answer = client_of(person).post(address, {"reason": REASON, "reimages": "1"})
        assert answer.status_code == 403
        assert "Reimage.Administrator" in words(answer)
    tripped.refresh_from_db()
    assert tripped.tripped_at is not None
    assert not ExecutionPause.objects.filter(paused_at__isnull=False).exists()
