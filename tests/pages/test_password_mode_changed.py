"""The installation takes passwords in another way than when the form was opened: it comes back, with what was typed."""

from typing import Any

import pytest
from django.http import HttpResponse
from django.test import Client

from reimage.models import ReimageRequest
from tests.pages.reading import source, words
from tests.pages.rows import pk
from tests.pages.test_new_request import FORM, PASSWORD, send

pytestmark = pytest.mark.usefixtures("azure")
SAYS = "The portal takes passwords in another way since this form was opened."
TYPED = {"web_02__admin_password": PASSWORD, "web_02__admin_password_again": PASSWORD}


def assert_comes_back(answer: HttpResponse) -> None:
    assert answer.status_code == 422
    assert SAYS in words(answer)
    assert "The disk image is corrupt." in source(answer)
    assert 'value="20348.2762.241006"' in source(answer)
    assert PASSWORD not in source(answer)
    assert not ReimageRequest.objects.exists()


@pytest.mark.parametrize("before", ["at_release", "generated"])
def test_a_promise_to_an_installation_that_seals_now(visitor: Client, settings: Any, before: str) -> None:
    settings.PASSWORD_MODE = before
    page = visitor.get(FORM, {"vm": [pk("web-02")]})
    assert f'name="g{pk("web-02")}-sets_admin_password"' in source(page)
    settings.PASSWORD_MODE = "sealed"
    fields = {"web_02__sets_admin_password": "on", "web_02__exact_version": "20348.2762.241006"}
    assert_comes_back(send(visitor, "web-02", **fields))


@pytest.mark.parametrize("after", ["at_release", "generated"])
def test_a_typed_one_to_an_installation_that_takes_none(visitor: Client, settings: Any, after: str) -> None:
    settings.PASSWORD_MODE = after
    assert_comes_back(send(visitor, "web-02", **TYPED, web_02__exact_version="20348.2762.241006"))


@pytest.mark.parametrize("typed", [{}, TYPED])
def test_a_crafted_promise_of_a_sealed_one(visitor: Client, typed: dict[str, str]) -> None:
    fields = {**typed, "web_02__sets_admin_password": "on", "web_02__exact_version": "20348.2762.241006"}
    assert_comes_back(send(visitor, "web-02", **fields))
