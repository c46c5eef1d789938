"""After the sign-in one comes back to a page, never to an address that only takes forms or is recorded."""

from uuid import uuid4

import pytest
from django.test import Client
from django.urls import NoReverseMatch, reverse

from portal.identity.addresses import own_path
from portal.identity.models import User
from tests.cast import client_of
from tests.test_access_matrix import MATRIX

EVENT = uuid4()
# What is recorded, with what is left of the address: another site may lead to it no more than Entra ID does.
RECORDED = {
    "audit:export": "/",
    "audit:export-jsonl": "/",
    "audit:proof": "/",
    "reimage:request-evidence": "/",
    "reimage:requests-sample": "/audit/sample",
}
ARGUMENTS = ([], [7], [7, 7], [EVENT])


def address_of(route: str) -> str:
    for arguments in ARGUMENTS:
        try:
            return reverse(route, args=arguments)
        except NoReverseMatch:
            continue
    raise AssertionError(f"no argument fits {route}")


@pytest.mark.parametrize("route", sorted(MATRIX.keys() - RECORDED.keys()))
def test_every_address_that_only_takes_forms_is_no_way_back(route: str) -> None:
    address = address_of(route)
    takes_get = not MATRIX[route].get.startswith("405")
    assert own_path(f"{address}?x=1") == (f"{address}?x=1" if takes_get else "/")


@pytest.mark.parametrize(("route", "instead"), RECORDED.items())
def test_neither_is_what_is_recorded_when_it_is_asked_for(route: str, instead: str) -> None:
    assert own_path(f"{address_of(route)}?x=1") == instead


@pytest.mark.parametrize("route", RECORDED)
def test_nor_in_another_spelling_that_the_server_reads_alike(route: str) -> None:
    spelled = address_of(route).replace("a", "%61").replace(".", "%2E").replace("e", "%65")
    assert "?" not in own_path(f"{spelled}?x=1")
    assert own_path(f"{spelled}?x=1") in ("/", spelled)


def test_a_way_back_to_the_sign_out_ends_at_my_work(alice: User) -> None:
    browser: Client = client_of(alice)
    answer = browser.get("/sign-in", {"next": "/sign-out"}, follow=True)
    assert (answer.status_code, answer.redirect_chain) == (200, [("/", 302)])


@pytest.mark.parametrize("path", ["/", "/machines/?q=web", "/requests/new?vm=1", "/nothing/like/this", "/requests/7/"])
def test_a_page_is_one(path: str) -> None:
    assert own_path(path) == path


@pytest.mark.parametrize("path", ["//evil.example/", "https://evil.example/", "/\\evil.example", "", "machines", None])
def test_another_site_is_none(path: str | None) -> None:
    assert own_path(path) == "/"
