"""A database that is locked or away: a page that explains it, whoever meets it first."""

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.decorators import login_not_required
from django.db import OperationalError
from django.http import HttpRequest, HttpResponse
from django.test import Client
from django.urls import path

from portal import urls
from portal.identity.models import User
from reimage import selectors
from tests.cast import client_of

CANARY = "database is locked: SELECT canary"


@login_not_required
def locked(request: HttpRequest) -> HttpResponse:
    raise OperationalError(CANARY)


class LockedMiddleware:
    """Meets the lock before any view does."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        raise OperationalError(CANARY)


handler500 = urls.handler500
urlpatterns = [path("locked", locked), *urls.urlpatterns]


def assert_explains(response: Any) -> None:
    text = response.content.decode()
    assert response.status_code == 503
    assert response["Retry-After"] == "30"
    assert "The database does not answer in time; nothing was changed." in text
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


def test_a_page_of_somebody_signed_in_answers_the_same(alice: User, monkeypatch: pytest.MonkeyPatch) -> None:
    client = client_of(alice)

    def fail(*_: object) -> None:
        raise OperationalError(CANARY)

    monkeypatch.setattr(selectors, "reimage_requests_visible_to", fail)
    assert_explains(client.get("/requests/"))
