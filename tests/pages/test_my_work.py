"""Where everybody starts: what waits for me, what of mine goes on, and why there may be nothing."""

import pytest
from django.urls import reverse

from portal.identity.models import User
from reimage.domain.request_states import RequestState
from tests.cast import VM_APPROVERS, client_of
from tests.pages.reading import source, words
from tests.pages.rows import reimage_request, virtual_machine

pytestmark = pytest.mark.usefixtures("grants")
HOME = reverse("reimage:my-work")


def test_it_counts_what_waits_for_me_and_links_there(alice: User, bob: User) -> None:
    reimage_request(alice, virtual_machine("web-11"))
    reimage_request(alice, virtual_machine("web-12"))
    page = client_of(bob).get(HOME)
    assert "2 need your decision" in words(page)
    assert 'href="/approvals/"' in source(page)


def test_it_counts_what_of_mine_waits_runs_and_failed(alice: User) -> None:
    reimage_request(alice, virtual_machine("web-11"))
    reimage_request(alice, virtual_machine("web-12"), state=RequestState.EXECUTING)
    reimage_request(alice, virtual_machine("web-13"), state=RequestState.FAILED)
    page = client_of(alice).get(HOME)
    assert "1 of yours waits for approval" in words(page)
    assert "1 of yours is running" in words(page)
    assert "1 of yours ended with problems" in words(page)
    for state in ("pending", "running", "failed"):
        assert f'href="/requests/?mine=1&amp;state={state}"' in source(page)


def test_it_lists_my_open_and_lately_ended_requests_with_their_machines(alice: User) -> None:
    open_one = reimage_request(alice, *(virtual_machine(f"web-{number}") for number in range(11, 16)))
    ended = reimage_request(alice, virtual_machine("web-21"), state=RequestState.COMPLETED)
    page = words(client_of(alice).get(HOME))
    assert f"Request #{open_one.pk}" in page
    assert "and 2 more" in page
    assert f"Request #{ended.pk} Completed web-21" in page


def test_it_shows_nothing_of_others(alice: User, eve: User) -> None:
    made = reimage_request(alice, virtual_machine("web-11"))
    assert f"#{made.pk}" not in words(client_of(eve).get(HOME))


def test_somebody_without_requests_is_told_what_to_do_next(alice: User) -> None:
    page = client_of(alice).get(HOME)
    assert "You have no open request" in words(page)
    assert 'href="/machines/"' in source(page)


def test_somebody_without_access_learns_their_ids_and_whom_to_ask(eve: User, dan: User) -> None:
    page = words(client_of(eve).get(HOME))
    assert "You have no access to any machine yet" in page
    assert str(eve.object_id) in page
    assert dan.display_name in page


def test_somebody_whose_groups_have_no_grant_sees_the_ids_of_their_groups(eve: User) -> None:
    User.objects.filter(pk=eve.pk).update(group_ids=["90000000-0000-4000-8000-00000000000f"])
    page = words(client_of(eve).get(HOME))
    assert "90000000-0000-4000-8000-00000000000f" in page
    assert "Reimage.Administrator" in page


def test_groups_that_entra_id_withheld_are_told(eve: User) -> None:
    User.objects.filter(pk=eve.pk).update(groups_are_complete=False)
    assert "did not tell the portal all of your groups" in words(client_of(eve).get(HOME))


def test_people_with_a_part_are_not_told_that_they_have_none(bob: User, carol: User, dan: User) -> None:
    for person in (bob, carol, dan):
        assert "You have no access" not in words(client_of(person).get(HOME))
    assert VM_APPROVERS in bob.group_ids
