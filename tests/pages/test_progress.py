"""The part of a request's page that moves by itself."""

from datetime import timedelta

import pytest
import time_machine
from django.http import HttpResponse
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from portal.identity.models import User
from reimage.models import ReimageRequest
from tests.azure_fixtures import forget_clients
from tests.cast import client_of
from tests.pages.reading import source, words
from tests.sandbox_process import SandboxProcess
from tests.stories import advance, approve, request_reimage, run


@pytest.fixture
def approved(azure: SandboxProcess, alice: User, bob: User) -> ReimageRequest:
    return approve(bob, request_reimage(alice, "web-02"))


def progress(visitor: Client, shown: ReimageRequest, seen: str = "") -> HttpResponse:
    return visitor.get(f"/requests/{shown.pk}/progress", {"seen": seen}, headers={"HX-Request": "true"})


def version_on(response: HttpResponse) -> str:
    return source(response).partition("?seen=")[2].partition('"')[0]


def test_an_open_request_is_polled_with_the_version_that_was_seen(visitor: Client, approved: ReimageRequest) -> None:
    page = visitor.get(f"/requests/{approved.pk}/")
    assert f'hx-get="/requests/{approved.pk}/progress?seen=' in source(page)
    assert "data-poll" in source(page)


def test_nothing_new_answers_204(visitor: Client, approved: ReimageRequest) -> None:
    seen = version_on(visitor.get(f"/requests/{approved.pk}/"))
    answer = progress(visitor, approved, seen)
    assert (answer.status_code, answer.content) == (204, b"")


def test_something_new_brings_every_moving_part(visitor: Client, approved: ReimageRequest) -> None:
    seen = version_on(visitor.get(f"/requests/{approved.pk}/"))
    advance(approved.operations.get())
    answer = progress(visitor, approved, seen)
    assert answer.status_code == 200
    assert "Azure is reimaging" in words(answer)
    for moving in ("request-state", "decision", "timeline"):
        assert f'id="{moving}"' in source(answer)
    assert source(answer).count('hx-swap-oob="true"') == 3
    assert "<html" not in source(answer)
    assert version_on(answer) not in ("", seen)


def test_a_revoked_credential_is_told_to_whoever_waits(
    visitor: Client, approved: ReimageRequest, settings: Settings
) -> None:
    settings.AZURE_CLIENT_SECRET = "revoked"
    forget_clients()
    advance(approved.operations.get())
    forget_clients()
    shown = words(visitor.get(f"/requests/{approved.pk}/"))
    assert "Azure does not accept the portal's own identity (0 ClientAuthenticationError)." in shown
    assert "An administrator has to mend the credential; the portal tries again by itself." in shown
    assert "Nothing was executed" not in shown


def test_the_end_answers_286_and_polls_no_more(
    visitor: Client, approved: ReimageRequest, azure: SandboxProcess
) -> None:
    run(approved, azure)
    answer = progress(visitor, approved, "approved.queued-0-0")
    assert answer.status_code == 286
    assert "hx-trigger" not in source(answer)
    assert "data-poll" not in source(visitor.get(f"/requests/{approved.pk}/"))


def test_polling_does_not_extend_the_session(visitor: Client, approved: ReimageRequest) -> None:
    visitor.get("/")
    before = dict(visitor.session)
    with time_machine.travel(timezone.now() + timedelta(minutes=20), tick=False):
        progress(visitor, approved, "old")
        assert dict(visitor.session) == before
        visitor.get("/")
        assert dict(visitor.session) != before


def test_nothing_new_is_cheap(
    visitor: Client, approved: ReimageRequest, django_assert_max_num_queries: pytest.FixtureRequest
) -> None:
    seen = version_on(visitor.get(f"/requests/{approved.pk}/"))
    with django_assert_max_num_queries(7):
        progress(visitor, approved, seen)


def test_a_stranger_sees_no_progress(approved: ReimageRequest, eve: User) -> None:
    assert progress(client_of(eve), approved).status_code == 404
