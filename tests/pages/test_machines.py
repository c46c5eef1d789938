"""The picker: exactly the machines that one may request, found, chosen, and carried on to the form."""

import re

import pytest
from django.test import Client
from django.utils import timezone

from portal.identity.models import User
from reimage.models import VirtualMachine
from tests.cast import client_of
from tests.pages.reading import part, source, words
from tests.pages.rows import reimage_request, virtual_machine

pytestmark = pytest.mark.usefixtures("grants")
PICKER = "/machines/"


def test_it_shows_the_granted_machines_and_no_others(visitor: Client) -> None:
    virtual_machine("web-11")
    virtual_machine("db-11", resource_group="rg-db", resource_group_key="rg-db", resource_key="/elsewhere")
    page = words(visitor.get(PICKER))
    assert "web-11" in page
    assert "db-11" not in page


def test_it_says_in_words_what_becomes_of_the_old_disk(visitor: Client) -> None:
    virtual_machine("web-11", delete_option="Delete")
    virtual_machine("web-12")
    virtual_machine("web-13", ephemeral=True, delete_option="Delete")
    page = words(visitor.get(PICKER))
    assert "The old OS disk will be DELETED" in page
    assert "The old OS disk is kept" in page
    assert "Ephemeral: its content will be LOST" in page


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("q=WEB-1", {"web-11", "web-12"}),
        ("q=12", {"web-12"}),
        ("resource_group=RG-Web", {"web-11", "web-12", "job-11"}),
        ("os_type=Windows", {"web-12"}),
        ("disk=ephemeral", {"job-11"}),
        ("disk=delete", {"web-12"}),
        ("disk=managed&os_type=Linux", {"web-11"}),
        ("os_type=BeOS", {"web-11", "web-12", "job-11"}),
    ],
)
def test_it_is_narrowed_by_the_address(visitor: Client, query: str, found: set[str]) -> None:
    virtual_machine("web-11")
    virtual_machine("web-12", os_type="Windows", delete_option="Delete")
    virtual_machine("job-11", ephemeral=True, delete_option="Delete")
    page = source(visitor.get(f"{PICKER}?{query}"))
    assert set(re.findall(r'name="vm"[^>]*aria-label="([^"]*)"', page)) == found


def test_a_machine_with_an_open_request_cannot_be_chosen_and_says_why(visitor: Client, alice: User) -> None:
    machine = virtual_machine("web-11")
    reimage_request(alice, machine)
    page = visitor.get(PICKER)
    (box,) = re.findall(r'<input[^>]*name="vm"[^>]*>', source(page))
    assert "disabled" in box
    assert f'aria-describedby="why-not-{machine.pk}"' in box
    assert "a request for it is open" in part(page, f"why-not-{machine.pk}")


def test_what_was_chosen_stays_chosen_when_the_filter_hides_it(visitor: Client) -> None:
    shown, hidden = virtual_machine("web-11"), virtual_machine("job-11")
    page = source(visitor.get(f"{PICKER}?q=web&vm={shown.pk}&vm={hidden.pk}"))
    boxes = re.findall(r'<input[^>]*name="vm"[^>]*>', page)
    assert len(boxes) == 2
    assert all("checked" in box for box in boxes)


def test_a_machine_that_is_not_granted_cannot_be_chosen_by_its_number(visitor: Client) -> None:
    foreign = virtual_machine("db-11", resource_group_key="rg-db", resource_key="/elsewhere")
    virtual_machine("web-11")
    assert "db-11" not in words(visitor.get(f"{PICKER}?vm={foreign.pk}"))


def test_a_senseless_choice_is_ignored(visitor: Client) -> None:
    virtual_machine("web-11")
    assert visitor.get(f"{PICKER}?vm=x&vm=-1&vm={'9' * 40}").status_code == 200


def test_the_form_goes_on_to_a_new_request_and_is_a_get(visitor: Client) -> None:
    virtual_machine("web-11")
    page = source(visitor.get(PICKER))
    assert re.search(r'<form[^>]*method="get"[^>]*action="/machines/"', page)
    assert 'formaction="/requests/new"' in page


def test_htmx_gets_the_list_alone(visitor: Client) -> None:
    virtual_machine("web-11")
    fragment = visitor.get(PICKER, headers={"HX-Request": "true"})
    assert source(fragment).strip().startswith('<div id="machines"')
    assert "<html" not in source(fragment)
    assert "HX-Request" in fragment["Vary"]


def test_the_next_page_takes_filter_and_choice_along(visitor: Client) -> None:
    for number in range(51):
        virtual_machine(f"web-{number:03}")
    page = visitor.get(f"{PICKER}?q=web")
    assert "1–50 of 51" in words(page)
    assert re.search(r'<button[^>]*name="page"[^>]*value="2"', source(page))
    assert "web-050" in words(visitor.get(f"{PICKER}?q=web&page=2"))


def chosen_in(page: str) -> int:
    return len([box for box in re.findall(r'<input[^>]*name="vm"[^>]*>', page) if "checked" in box])


def test_all_that_match_are_chosen_beyond_the_page_and_without_scripts(visitor: Client, alice: User) -> None:
    for number in range(45):
        virtual_machine(f"web-{number:03}")
    for number in range(10):
        virtual_machine(f"job-{number:03}")
    reimage_request(alice, virtual_machine("web-900"))
    assert "Choose the first 50 of the 56 that match" in words(visitor.get(PICKER))
    offered = visitor.get(f"{PICKER}?q=web-")
    assert "Choose all 46 that match" in words(offered)
    assert re.search(r'<button[^>]*type="submit"[^>]*name="all"', source(offered))
    job = VirtualMachine.objects.get(name="job-000")
    page = visitor.get(f"{PICKER}?q=web-&vm={job.pk}&all=1")
    assert chosen_in(source(page)) == 46
    assert "46 machines are chosen now, among them all that match and have no open request" in words(page)


def test_all_that_match_are_no_more_than_a_request_holds(visitor: Client) -> None:
    for number in range(60):
        virtual_machine(f"web-{number:03}")
    last = VirtualMachine.objects.get(name="web-059")
    page = visitor.get(f"{PICKER}?vm={last.pk}&all=1")
    assert chosen_in(source(page)) == 50
    assert "50 machines are chosen, taken by name. More match, but a request holds at most 50" in words(page)
    assert "web-059" in source(page).partition('class="chosen-elsewhere"')[2].partition("</fieldset>")[0]
    full = visitor.get(PICKER, {"all": "1", "q": "web-059", "vm": list(range(1000, 1050))})
    assert "50 machines are chosen, taken by name. More match" in words(full)


def test_where_nothing_that_matches_is_free_all_is_nothing(visitor: Client, alice: User) -> None:
    reimage_request(alice, virtual_machine("web-11"), virtual_machine("web-12"))
    page = visitor.get(f"{PICKER}?all=1")
    assert chosen_in(source(page)) == 0
    assert "No machine that matches can be chosen now; each one says why" in words(page)


def test_a_filter_without_a_match_can_be_cleared(visitor: Client) -> None:
    virtual_machine("web-11")
    page = visitor.get(f"{PICKER}?q=nothing-like-it")
    assert "No machine matches the filter" in words(page)
    assert "Clear the filter" in words(page)


def test_somebody_without_a_grant_learns_their_ids_instead(eve: User) -> None:
    page = words(client_of(eve).get(PICKER))
    assert "You have no access to any machine yet" in page
    assert str(eve.object_id) in page


def test_who_has_access_of_another_kind_is_not_told_that_they_have_none(bob: User, carol: User) -> None:
    virtual_machine("web-11")
    for person in (bob, carol):
        page = words(client_of(person).get(PICKER))
        assert "You may not request the reimage of any machine yet" in page
        assert "None of your groups has any" not in page
        assert str(person.object_id) in page


def test_a_grant_that_covers_nothing_is_told_from_none(visitor: Client) -> None:
    virtual_machine("web-11", vanished_at=timezone.now())
    page = words(visitor.get(PICKER))
    assert "Your access covers no machine at present" in page
    assert "You have no access" not in page


def test_it_shows_when_a_machine_was_last_reimaged(visitor: Client, alice: User) -> None:
    made = reimage_request(alice, virtual_machine("web-11"))
    made.operations.update(state="succeeded", finished_at=made.submitted_at)
    row = words(visitor.get(PICKER)).partition("web-11")[2]
    assert made.submitted_at is not None
    assert made.submitted_at.strftime("%Y-%m-%d %H:%M") in row
