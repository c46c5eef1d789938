"""A database that is locked, full or away: a page that explains it, whoever meets it first."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from typing import Any

import psycopg
import pytest
from django.contrib.auth.decorators import login_not_required
from django.db import OperationalError
from django.http import HttpRequest, HttpResponse
from django.test import Client, RequestFactory
from django.urls import path

from portal import urls
from portal.database_trouble import NO_ROOM, cause_of
from portal.identity.models import User
from portal.views import database_unavailable
from reimage import selectors
from tests.cast import client_of
from tests.ports import free_port

CANARY = "database is locked: SELECT canary"


@login_not_required
def locked(request: HttpRequest) -> HttpResponse:
    raise OperationalError(CANARY)


@login_not_required
def done(request: HttpRequest) -> HttpResponse:
    return HttpResponse("done")


class LockedMiddleware:
    """Meets the lock before any view does."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        raise OperationalError(CANARY)


class LockedAfterwardsMiddleware(LockedMiddleware):
    """Meets it when the view has done its deed."""

    def __call__(self, request: HttpRequest) -> HttpResponse:
        self.get_response(request)
        raise OperationalError(CANARY)


handler500 = urls.handler500
urlpatterns = [path("locked", locked), path("done", done), *urls.urlpatterns]
UNCHANGED = "The database does not answer in time; nothing was changed."
UNKNOWN = "The database does not answer in time; the portal cannot know whether what you sent was done."


def assert_explains(response: Any, told: str = UNCHANGED) -> None:
    text = response.content.decode()
    assert response.status_code == 503
    assert response["Retry-After"] == "30"
    assert [sentence for sentence in (UNCHANGED, UNKNOWN) if sentence in text] == [told]
    assert ("Send it again only if it was not." in text) is (told == UNKNOWN)
    assert "canary" not in text


@pytest.mark.urls(__name__)
def test_a_view_that_meets_a_locked_database_answers_with_the_explained_page(client: Client) -> None:
    assert_explains(client.get("/locked"))


@pytest.mark.urls(__name__)
def test_htmx_gets_it_as_a_fragment(client: Client) -> None:
    response = client.get("/locked", headers={"HX-Request": "true"})
    assert_explains(response)
    assert "<html" not in response.content.decode()


@pytest.mark.urls(__name__)
def test_a_middleware_that_meets_it_answers_the_same(settings: Any) -> None:
    settings.MIDDLEWARE = [*settings.MIDDLEWARE, f"{__name__}.LockedMiddleware"]
    assert_explains(Client(raise_request_exception=False).get("/locked"))


@pytest.mark.urls(__name__)
def test_of_a_form_whose_view_had_begun_nothing_is_claimed(client: Client) -> None:
    assert_explains(client.post("/locked"), UNKNOWN)
    assert_explains(client.post("/locked", headers={"HX-Request": "true"}), UNKNOWN)


@pytest.mark.urls(__name__)
@pytest.mark.parametrize(
    ("middleware", "method", "told"),
    [
        ("LockedMiddleware", "post", UNCHANGED),
        ("LockedAfterwardsMiddleware", "post", UNKNOWN),
        ("LockedAfterwardsMiddleware", "get", UNCHANGED),
    ],
)
def test_a_middleware_tells_before_a_deed_from_after_it(settings: Any, middleware: str, method: str, told: str) -> None:
    settings.MIDDLEWARE = [*settings.MIDDLEWARE, f"{__name__}.{middleware}"]
    assert_explains(getattr(Client(raise_request_exception=False), method)("/done"), told)


def full_disk() -> OperationalError:
    """As SQLite itself says it: a database that may not grow."""
    with closing(sqlite3.connect(":memory:")) as database:
        database.execute("PRAGMA max_page_count = 1")
        with pytest.raises(sqlite3.OperationalError) as found:
            database.execute("CREATE TABLE canary (id)")
    error = OperationalError(CANARY)
    error.__cause__ = found.value
    return error


def test_a_full_disk_is_told_from_a_database_that_is_away(
    caplog: pytest.LogCaptureFixture,
) -> None:
    error = full_disk()
    assert cause_of(error) == "SQLITE_FULL"
    request = RequestFactory().get("/")
    response = database_unavailable(request, error)
    text = response.content.decode()
    assert (response.status_code, response["Retry-After"]) == (503, "30")
    assert "database is full; nothing was changed." in text
    assert "SQLITE_FULL" in caplog.text
    assert "canary" not in text + caplog.text


def test_a_disk_that_fills_up_during_a_deed_says_that_it_may_be_done() -> None:
    request = RequestFactory().post("/")
    request.may_have_acted = True  # type: ignore[attr-defined]  # as the last middleware before the view notes it
    text = database_unavailable(request, full_disk()).content.decode()
    assert "database is full; the portal cannot know whether what you sent was done." in text
    assert "nothing was changed" not in text


@pytest.mark.parametrize(("name", "told"), [("DiskFull", True), ("LockNotAvailable", False), ("AdminShutdown", False)])
def test_postgresql_has_its_own_names_for_it(name: str, told: bool) -> None:
    error = OperationalError(CANARY)
    error.__cause__ = getattr(psycopg.errors, name)(CANARY)
    assert cause_of(error) == name
    assert (cause_of(error) in NO_ROOM) == told


def test_why_it_cannot_be_reached_is_told_in_libpqs_words() -> None:
    with pytest.raises(psycopg.OperationalError) as found:
        psycopg.connect(host="127.0.0.1", port=free_port(), user="portal", password=CANARY)
    error = OperationalError(CANARY)
    error.__cause__ = found.value
    assert "127.0.0.1" in cause_of(error)
    assert "Connection refused" in cause_of(error)
    assert "\n" not in cause_of(error)
    assert "canary" not in cause_of(error)


def test_a_page_of_somebody_signed_in_answers_the_same(alice: User, monkeypatch: pytest.MonkeyPatch) -> None:
    client = client_of(alice)

    def fail(*_: object) -> None:
        raise OperationalError(CANARY)

    monkeypatch.setattr(selectors, "reimage_requests_visible_to", fail)
    assert_explains(client.get("/requests/"))
