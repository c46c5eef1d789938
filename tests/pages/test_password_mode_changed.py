"""The installation takes passwords in another way than when a form was opened, or a draft made: neither is taken."""

from typing import Any

import pytest
from django.http import HttpResponse
from django.test import Client

from portal.identity.models import User
from reimage.domain.parameters import ReimageParameters
from reimage.domain.passwords import PasswordMode
from reimage.domain.request_states import RequestState
from reimage.models import ReimageRequest
from tests.pages.reading import source, words
from tests.pages.rows import pk
from tests.pages.test_new_request import FORM, PASSWORD, send
from tests.passwords import seen_by_azure
from tests.sandbox_process import SandboxProcess
from tests.stories import approve, request_reimage, run

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


@pytest.mark.parametrize(
    ("before", "after"),
    [(one, other) for one in PasswordMode for other in PasswordMode if one is not other],
)
def test_a_reviewed_draft_is_not_sent_with_a_password_of_another_way(
    visitor: Client, settings: Any, before: str, after: str
) -> None:
    settings.PASSWORD_MODE = before
    fields: dict[str, object] = {**TYPED} if before == PasswordMode.SEALED else {"web_02__sets_admin_password": "on"}
    review = send(visitor, "web-02", **fields)["Location"]
    settings.PASSWORD_MODE = after
    answer = visitor.post(review, {"confirmation": "web-02", "accepts_disk_deletion": "on"})
    assert answer.status_code == 409
    assert "The portal takes passwords in another way since you reviewed the plan." in words(answer)
    assert f'href="{FORM}?' in source(answer)
    assert ReimageRequest.objects.get().state == RequestState.DRAFT
    settings.PASSWORD_MODE = before
    assert visitor.post(review, {"confirmation": "web-02", "accepts_disk_deletion": "on"}).status_code == 302


@pytest.mark.parametrize("after", ["at_release", "generated"])
def test_a_draft_without_a_password_is_sent_whatever_the_way(visitor: Client, settings: Any, after: str) -> None:
    review = send(visitor, "web-02")["Location"]
    settings.PASSWORD_MODE = after
    visitor.post(review, {"confirmation": "web-02", "accepts_disk_deletion": "on"})
    assert ReimageRequest.objects.get().state == RequestState.PENDING_APPROVAL


@pytest.mark.parametrize("after", ["at_release", "generated"])
def test_what_was_sent_before_keeps_its_way(
    azure: SandboxProcess, alice: User, bob: User, settings: Any, after: str
) -> None:
    made = request_reimage(alice, "web-02", parameters=ReimageParameters(admin_password=PASSWORD))
    settings.PASSWORD_MODE = after
    assert run(approve(bob, made), azure).state == RequestState.COMPLETED
    assert seen_by_azure(azure, PASSWORD)
