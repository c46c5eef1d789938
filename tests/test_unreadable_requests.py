"""Requests that Django itself refuses: each is explained by what is wrong with it."""

import pytest
from django.test import Client
from pytest_django import Settings

from tests.pages.reading import words

pytestmark = pytest.mark.django_db


def test_a_foreign_host_name_is_told_from_too_large_a_form() -> None:
    answer = Client().get("/sign-in", headers={"host": "portal.example.org"})
    assert answer.status_code == 400
    assert "does not answer to the host name of this address" in words(answer)
    assert "too large" not in words(answer)


def test_too_large_a_form_says_what_may_be_sent(settings: Settings) -> None:
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 10
    answer = Client().post("/theme", {"theme": "dark" * 10})
    assert answer.status_code == 400
    assert "it may be too large" in words(answer)
