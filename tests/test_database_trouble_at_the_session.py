"""Trouble with the database at the session's own note is told before anything is done, and never after a deed."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import DatabaseError, InterfaceError, OperationalError
from django.test import Client
from django.utils import timezone

from portal.audit.models import AuditEvent
from portal.identity import sessions
from portal.identity.models import Session, User
from reimage.domain.request_states import RequestState
from reimage.models import ReimageRequest
from tests.cast import client_of
from tests.pages.reading import words
from tests.sandbox_process import SandboxProcess
from tests.stories import approve, request_reimage

CANARY = "database is locked: UPDATE canary"


def browser_seen_long_ago(user: User) -> Client:
    """Whatever it asks for next is noted in its session."""
    browser = client_of(user)
    browser.raise_request_exception = False
    session = browser.session
    session[sessions.LAST_SEEN_AT] = int((timezone.now() - timedelta(minutes=5)).timestamp())
    session.save()
    return browser


def fail_with(error: type[Exception]) -> Callable[..., None]:
    def save(*_: Any, **__: Any) -> None:
        raise error(CANARY)

    return save


@pytest.mark.parametrize("error", [OperationalError, InterfaceError])
def test_a_deed_is_not_done_when_its_session_cannot_be_written(
    azure: SandboxProcess, alice: User, monkeypatch: pytest.MonkeyPatch, error: type[Exception]
) -> None:
    made = request_reimage(alice, "web-02")
    browser = browser_seen_long_ago(alice)
    events = AuditEvent.objects.count()
    with monkeypatch.context() as trouble:
        trouble.setattr(Session, "save", fail_with(error))
        answer = browser.post(f"/requests/{made.pk}/cancel")
    assert (answer.status_code, answer["Retry-After"]) == (503, "30")
    assert "The database does not answer in time; nothing was changed." in words(answer)
    assert "canary" not in words(answer)
    made.refresh_from_db()
    assert (made.state, AuditEvent.objects.count()) == (RequestState.PENDING_APPROVAL, events)
    assert browser.post(f"/requests/{made.pk}/cancel").status_code == 302  # the session is whole, and so is the deed
    made.refresh_from_db()
    assert made.state == RequestState.CANCELED


def test_after_a_deed_nothing_is_written_to_the_session(
    azure: SandboxProcess, alice: User, bob: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = request_reimage(alice, "web-02")
    browser, written = browser_seen_long_ago(bob), []
    save = Session.save

    def noted(self: Session, *arguments: Any, **options: Any) -> None:
        written.append(ReimageRequest.objects.get(pk=made.pk).state)
        save(self, *arguments, **options)

    monkeypatch.setattr(Session, "save", noted)
    answer = browser.post(f"/requests/{made.pk}/approve", {"digest": made.digest})
    assert answer.status_code == 302
    assert written == [RequestState.PENDING_APPROVAL]  # once, and before
    monkeypatch.setattr(Session, "save", fail_with(OperationalError))
    assert browser.get(answer.url).status_code == 200  # the message about the deed needs no session either


def test_a_page_says_so_too(alice: User, monkeypatch: pytest.MonkeyPatch) -> None:
    browser = browser_seen_long_ago(alice)
    monkeypatch.setattr(Session, "save", fail_with(OperationalError))
    assert browser.get("/requests/").status_code == 503


def test_a_session_that_was_ended_meanwhile_leads_to_the_sign_in(
    azure: SandboxProcess, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = request_reimage(alice, "web-02")
    browser = browser_seen_long_ago(alice)
    monkeypatch.setattr(Session, "save", fail_with(DatabaseError))  # as Django: an update that met no row
    answer = browser.post(f"/requests/{made.pk}/cancel")
    assert (answer.status_code, answer.url.partition("?")[0]) == (302, "/sign-in")
    assert "notice=expired" in answer.url
    made.refresh_from_db()
    assert made.state == RequestState.PENDING_APPROVAL


@pytest.mark.django_db(transaction=True)
def test_what_fails_after_the_commit_does_not_look_like_a_failure(
    azure: SandboxProcess, alice: User, bob: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = request_reimage(alice, "web-02")
    monkeypatch.setattr("reimage.services.doorbell.ring", fail_with(OperationalError))
    assert approve(bob, made).state == RequestState.APPROVED
