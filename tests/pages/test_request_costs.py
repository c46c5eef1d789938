"""The pages of one request take as many queries for many machines as for one; so does a machine's for many requests."""

from collections.abc import Callable

import pytest

from portal.identity.models import User
from reimage.models import VirtualMachine
from tests.cast import client_of
from tests.pages.reading import queries
from tests.pages.rows import reimage_request
from tests.sandbox_process import SandboxProcess
from tests.stories import draft, request_reimage

ONE, MANY = ("web-01",), ("web-02", "web-03", "web-04", "batch-01")


def the_form(alice: User, *names: str) -> str:
    numbers = VirtualMachine.objects.filter(name__in=names).values_list("pk", flat=True)
    return "/requests/new?" + "&".join(f"vm={number}" for number in numbers)


def the_review(alice: User, *names: str) -> str:
    return f"/requests/{draft(alice, *names).pk}/review"


def the_request(alice: User, *names: str) -> str:
    return f"/requests/{request_reimage(alice, *names).pk}/"


def its_progress(alice: User, *names: str) -> str:
    return f"/requests/{request_reimage(alice, *names).pk}/progress"


@pytest.mark.parametrize(
    ("reader", "page"),
    [
        ("alice", the_form),
        ("alice", the_review),
        ("alice", the_request),
        ("bob", the_request),
        ("carol", the_request),
        ("alice", its_progress),
    ],
)
def test_it_costs_the_same_for_many_machines(
    azure: SandboxProcess,
    alice: User,
    reader: str,
    page: Callable[..., str],
    request: pytest.FixtureRequest,
) -> None:
    browser = client_of(alice if reader == "alice" else request.getfixturevalue(reader))
    assert queries(browser, page(alice, *ONE)) == queries(browser, page(alice, *MANY))


def test_a_machines_page_costs_the_same_for_many_past_requests(azure: SandboxProcess, alice: User) -> None:
    machine = VirtualMachine.objects.get(name="web-01")
    browser, address = client_of(alice), f"/machines/{machine.pk}/"

    def past_request() -> None:
        reimage_request(alice, machine, state="completed").operations.update(state="succeeded")

    past_request()
    few = queries(browser, address)
    for _number in range(9):
        past_request()
    assert queries(browser, address) == few
