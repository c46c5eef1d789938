"""Each person sees the places that their roles open, and what waits for them there."""

from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser
from django.test import RequestFactory
from pytest_django import DjangoAssertNumQueries

from portal.identity.models import User
from reimage.context_processors import navigation


def places(user: User | AnonymousUser, path: str = "/") -> list[Any]:
    request = RequestFactory().get(path)
    request.user = user
    return list(navigation(request)["navigation"])


def labels(user: User | AnonymousUser) -> list[str]:
    return [item.label for item in places(user)]


def test_everybody_has_work_machines_requests_and_approvals(eve: User) -> None:
    assert labels(eve) == ["My work", "Machines", "Requests", "Approvals"]


def test_the_log_is_for_auditors_and_access_for_administrators(carol: User, dan: User) -> None:
    assert labels(carol)[4:] == ["Audit", "Needs attention"]
    assert labels(dan)[4:] == ["Needs attention", "Access", "Execution"]


def test_who_is_not_signed_in_is_led_nowhere() -> None:
    assert places(AnonymousUser()) == []


@pytest.mark.parametrize(
    ("path", "here"), [("/", "My work"), ("/machines/1/", "Machines"), ("/approvals/", "Approvals")]
)
def test_it_shows_where_one_is(eve: User, path: str, here: str) -> None:
    assert [item.label for item in places(eve, path) if item.is_here] == [here]


def test_a_fragment_asks_for_no_navigation(eve: User, django_assert_num_queries: DjangoAssertNumQueries) -> None:
    request = RequestFactory().get("/")
    request.user = eve
    with django_assert_num_queries(0):
        navigation(request)
