"""A form that is filled in already: after Back from the review, to change its settings, and for the same once more."""

import re

import pytest
from django.http import HttpResponse
from django.test import Client
from django.utils import timezone

from portal.identity.models import User
from reimage.domain.parameters import ReimageParameters
from reimage.domain.plan import DeleteOptionChange
from reimage.domain.request_states import RequestState
from reimage.models import ReimageRequest
from tests.pages.reading import part, source, words
from tests.pages.rows import pk
from tests.sandbox_process import SandboxProcess
from tests.stories import approved, draft, run

FORM = "/requests/new"
PASSWORD, VERSION = "Correct-Horse-7", "20348.2762.241006"
SETTINGS = ReimageParameters(exact_version=VERSION, admin_password=PASSWORD, custom_data="I2Nsb3Vk")
pytestmark = pytest.mark.usefixtures("azure")


def assert_filled_in(page: HttpResponse, machine: str) -> None:
    """All but the secrets."""
    field = f'name="g{pk(machine)}-exact_version"'
    (exact_version,) = re.findall(f"<input[^>]*{field}[^>]*>", source(page))
    assert f'value="{VERSION}"' in exact_version
    assert "The disk image is corrupt." in source(page)
    assert 'value="INC-7"' in source(page)
    assert '<option value="Delete" selected' in source(page)
    assert "give them anew if they are still wanted" in words(page)
    assert PASSWORD not in source(page)
    assert "I2Nsb3Vk" not in source(page)
    assert "#cloud" not in source(page)


def test_back_from_the_review_everything_but_secrets_is_still_there(visitor: Client, alice: User) -> None:
    draft(alice, "web-02", parameters=SETTINGS, change=DeleteOptionChange.DELETE)
    page = visitor.get(FORM, {"vm": pk("web-02")})
    assert "Filled in as you left it." in words(page)
    assert_filled_in(page, "web-02")


def test_browsers_may_restore_the_version_too(visitor: Client) -> None:
    (field,) = re.findall(r'<input[^>]*-exact_version"[^>]*>', source(visitor.get(FORM, {"vm": pk("web-02")})))
    assert "autocomplete" not in field


def test_the_last_draft_counts(visitor: Client, alice: User) -> None:
    draft(alice, "web-01", parameters=ReimageParameters(temp_disk=True))
    draft(alice, "web-01")
    assert " checked" not in part(visitor.get(FORM, {"vm": pk("web-01")}), "copied")


def test_a_tick_comes_back_as_well(visitor: Client, alice: User) -> None:
    draft(alice, "web-01", parameters=ReimageParameters(temp_disk=True))
    page = visitor.get(FORM, {"vm": pk("web-01")})
    (field,) = re.findall(r'<input[^>]*-temp_disk"[^>]*>', source(page))
    assert " checked" in field
    assert "give them anew" not in words(page)  # there were no secrets


@pytest.mark.parametrize("chosen", [["web-02", "web-04"], ["web-04"]])
def test_a_draft_of_other_machines_is_left_alone(visitor: Client, alice: User, chosen: list[str]) -> None:
    draft(alice, "web-02", parameters=SETTINGS)
    page = visitor.get(FORM, {"vm": [pk(name) for name in chosen]})
    assert VERSION not in source(page)
    assert "Filled in" not in words(page)


def test_an_expired_draft_and_somebody_elses_are_left_alone(visitor: Client, alice: User, bob: User) -> None:
    draft(alice, "web-02", parameters=SETTINGS)
    drafts = ReimageRequest.objects.filter(state=RequestState.DRAFT)
    drafts.update(expires_at=timezone.now())
    assert VERSION not in source(visitor.get(FORM, {"vm": pk("web-02")}))
    drafts.update(expires_at=timezone.now() + timezone.timedelta(hours=1), requester=bob)
    assert VERSION not in source(visitor.get(FORM, {"vm": pk("web-02")}))


def test_one_may_begin_with_an_empty_form(visitor: Client, alice: User) -> None:
    draft(alice, "web-02", parameters=SETTINGS)
    page = visitor.get(FORM, {"vm": pk("web-02")})
    (address,) = re.findall(r'href="([^"]*)">Begin with an empty form', source(page))
    empty = visitor.get(address.replace("&amp;", "&"))
    assert VERSION not in source(empty)
    assert "Filled in" not in words(empty)


def test_the_review_leads_back_to_its_settings(visitor: Client, alice: User) -> None:
    made = draft(alice, "web-02", parameters=SETTINGS, change=DeleteOptionChange.DELETE)
    draft(alice, "web-02")  # a later one, in another tab
    review = visitor.get(f"/requests/{made.pk}/review")
    (address,) = re.findall(r'href="([^"]*)">Change the settings', source(review))
    assert_filled_in(visitor.get(address.replace("&amp;", "&")), "web-02")


def test_a_machine_that_changed_after_the_review_leads_back_too(
    visitor: Client, alice: User, azure: SandboxProcess
) -> None:
    made = draft(alice, "web-02", parameters=SETTINGS)
    azure.drift("web-02", delete_option="Delete")
    answer = visitor.post(f"/requests/{made.pk}/review", {"confirmation": "web-02"})
    assert answer.status_code == 409
    (address,) = re.findall(r'href="([^"]*)">Change the settings', source(answer))
    assert VERSION in source(visitor.get(address.replace("&amp;", "&")))


def test_again_copies_the_settings_of_a_request_that_has_ended(
    visitor: Client, alice: User, bob: User, azure: SandboxProcess
) -> None:
    made = approved(alice, bob, "web-02", parameters=SETTINGS, change=DeleteOptionChange.DELETE)
    visitor.post(f"/requests/{made.pk}/cancel")
    (address,) = re.findall(r'href="(/requests/new[^"]*)"', source(visitor.get(f"/requests/{made.pk}/")))
    page = visitor.get(address.replace("&amp;", "&"))
    assert f"Filled in as in request #{made.pk}." in words(page)
    assert_filled_in(page, "web-02")


def test_again_does_not_ask_for_a_change_that_was_made(
    visitor: Client, alice: User, bob: User, azure: SandboxProcess
) -> None:
    made = run(approved(alice, bob, "web-02", change=DeleteOptionChange.DELETE), azure)
    assert made.state == RequestState.COMPLETED
    page = visitor.get(FORM, {"vm": pk("web-02"), "again": made.pk})
    assert '<option value="keep" selected' in source(page)
