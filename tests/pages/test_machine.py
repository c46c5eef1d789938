"""One machine's page: fresh facts, past requests, who may approve."""

import pytest

from portal.identity.models import User
from reimage.models import AccessGrant, GrantRole, VirtualMachine
from tests.cast import client_of
from tests.pages.reading import source, words
from tests.sandbox_process import SandboxProcess
from tests.stories import request_reimage


def address(name: str) -> str:
    return f"/machines/{VirtualMachine.objects.get(name=name).pk}/"


def test_it_shows_what_azure_says_now_and_offers_the_reimage(azure: SandboxProcess, alice: User, bob: User) -> None:
    azure.drift("web-02", tags={"env": "changed"})
    page = client_of(alice).get(address("web-02"))
    assert "env=changed" in words(page)
    assert "The old OS disk is kept" in words(page)
    assert "Request reimage of web-02" in words(page)
    assert bob.display_name in words(page)


def test_without_azure_it_shows_the_inventory_and_says_so(azure: SandboxProcess, alice: User) -> None:
    azure.faults("status", match={"verb": "GET", "vm": "web-02"}, status=403, code="Forbidden", times=9)
    page = words(client_of(alice).get(address("web-02")))
    assert "what the inventory saw last" in page
    assert "Seen by the inventory" in page


def test_it_says_that_nobody_can_approve_and_whom_to_ask(azure: SandboxProcess, alice: User, dan: User) -> None:
    AccessGrant.objects.filter(role=GrantRole.APPROVER).delete()
    page = words(client_of(alice).get(address("web-02")))
    assert "Nobody can approve this yet" in page
    assert dan.display_name in page


def test_a_machine_with_an_open_request_offers_no_second_one(azure: SandboxProcess, alice: User) -> None:
    made = request_reimage(alice, "web-02")
    page = client_of(alice).get(address("web-02"))
    assert "A request for this machine is open" in words(page)
    assert f"Request #{made.pk}" in words(page)
    assert "/requests/new" not in source(page)


def test_an_approver_sees_it_but_may_not_request(azure: SandboxProcess, bob: User) -> None:
    page = client_of(bob).get(address("web-02"))
    assert page.status_code == 200
    assert "/requests/new" not in source(page)


@pytest.mark.asvs("V8.2.2")
def test_a_stranger_does_not_learn_that_it_exists(azure: SandboxProcess, eve: User) -> None:
    assert client_of(eve).get(address("web-02")).status_code == 404
