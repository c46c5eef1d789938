"""The approver's inbox."""

from datetime import timedelta

import pytest
from django.utils import timezone

from portal.identity.models import User
from tests.cast import client_of
from tests.pages.reading import words
from tests.pages.rows import reimage_request, virtual_machine

pytestmark = pytest.mark.usefixtures("grants")
INBOX = "/approvals/"


def test_it_lists_what_i_can_decide_the_earliest_deadline_first(alice: User, bob: User) -> None:
    now = timezone.now()
    late = reimage_request(alice, virtual_machine("web-11"), expires_at=now + timedelta(hours=60))
    soon = reimage_request(alice, virtual_machine("web-12"), expires_at=now + timedelta(hours=2))
    page = words(client_of(bob).get(INBOX))
    assert page.index(f"Request #{soon.pk}") < page.index(f"Request #{late.pk}")
    assert "Alice Aoki" in page
    assert "The disk image is corrupt." in page


def test_it_says_before_the_first_click_that_disks_will_be_deleted(alice: User, bob: User) -> None:
    reimage_request(
        alice,
        virtual_machine("web-11", delete_option="Delete"),
        virtual_machine("web-12", ephemeral=True, delete_option="Delete"),
        virtual_machine("web-13"),
    )
    page = words(client_of(bob).get(INBOX))
    assert "1 old OS disk will be deleted" in page
    assert "1 ephemeral OS disk loses its contents" in page
    assert "1 old OS disk is kept" in page


def test_ones_own_request_is_not_in_the_inbox(bob: User) -> None:
    reimage_request(bob, virtual_machine("web-11"))
    page = words(client_of(bob).get(INBOX))
    assert "Nothing waits for your decision" in page


def test_the_navigation_counts_what_waits(alice: User, bob: User) -> None:
    reimage_request(alice, virtual_machine("web-11"))
    assert "Approvals 1 waiting" in words(client_of(bob).get("/"))


def test_somebody_who_is_no_approver_is_told_so(alice: User) -> None:
    assert "You are not an approver" in words(client_of(alice).get(INBOX))
