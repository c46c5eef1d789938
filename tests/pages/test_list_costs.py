"""A list page takes as many queries for sixty rows as for three."""

from collections.abc import Callable

import pytest

from portal.audit.actors import Actor
from portal.identity.models import User
from reimage.models import GrantRole, PrincipalKind, ReimageOperation
from reimage.services.grants import create_grant
from tests.azure_fixtures import RG_WEB
from tests.cast import client_of
from tests.pages.reading import queries
from tests.pages.rows import reimage_request, virtual_machine


def machines(alice: User, numbers: range) -> None:
    for number in numbers:
        virtual_machine(f"vm-{number}")


def requests(alice: User, numbers: range) -> None:
    for number in numbers:
        reimage_request(alice, virtual_machine(f"vm-{number}"))


def unsettled(alice: User, numbers: range) -> None:
    requests(alice, numbers)
    ReimageOperation.objects.update(state="needs_attention", note={"code": "no_evidence", "params": {}})


def grants(alice: User, numbers: range) -> None:
    for number in numbers:
        create_grant(
            actor=Actor.system("test"),
            principal_kind=PrincipalKind.USER,
            principal_id=alice.object_id,
            role=GrantRole.REQUESTER,
            scope=RG_WEB,
            tag_name="number",
            tag_value=str(number),
        )


@pytest.mark.usefixtures("grants")
@pytest.mark.parametrize(
    ("address", "reader", "fill"),
    [
        ("/", "alice", requests),
        ("/machines/", "alice", machines),
        ("/machines/?q=vm&vm=1&vm=2", "alice", requests),
        ("/machines/?q=vm&all=1", "alice", machines),
        ("/requests/", "alice", requests),
        ("/requests/?state=open&mine=1", "alice", requests),
        ("/requests/", "bob", requests),
        ("/requests/", "carol", requests),
        ("/approvals/", "bob", requests),
        ("/access/", "dan", grants),
        ("/attention/", "dan", unsettled),
        ("/attention/", "carol", unsettled),
    ],
)
@pytest.mark.asvs("V15.2.2")
def test_a_long_list_costs_what_a_short_one_does(
    address: str,
    reader: str,
    fill: Callable[[User, range], None],
    alice: User,
    request: pytest.FixtureRequest,
) -> None:
    browser = client_of(alice if reader == "alice" else request.getfixturevalue(reader))
    fill(alice, range(3))
    short = queries(browser, address)
    fill(alice, range(3, 60))
    assert queries(browser, address) == short
