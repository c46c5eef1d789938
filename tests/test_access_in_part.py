"""A request for several machines, for whoever may approve for one of them alone: all of it to read, none to decide.

The rest of the access matrix is in test_access_matrix.py.
"""

import pytest
from django.test import Client
from django.urls import get_resolver, reverse

from portal.audit.actors import Actor
from portal.identity.models import User
from reimage.models import GrantRole, PrincipalKind, ReimageRequest
from reimage.services.grants import create_grant
from tests.azure_fixtures import RG_WEB
from tests.cast import EVE, client_of
from tests.sandbox_process import SandboxProcess
from tests.stories import request_reimage
from tests.test_access_matrix import everything

# What GET and POST are answered.
MATRIX = {
    "reimage:request": (200, 405),
    "reimage:request-progress": (200, 405),
    "reimage:operation": (200, 405),
    "reimage:request-review": (404, 404),
    "reimage:request-approve": (405, 403),
    "reimage:request-reject": (405, 403),
    "reimage:request-cancel": (405, 403),
    "reimage:request-evidence": (403, 405),
    "reimage:request-password": (403, 403),
    "reimage:operation-password": (403, 403),
}


@pytest.fixture
def mixed(azure: SandboxProcess, alice: User, eve: User) -> ReimageRequest:
    """For web-01, which Eve may approve, and batch-01, which she may not."""
    person, approver = PrincipalKind.USER, GrantRole.APPROVER
    create_grant(
        actor=Actor.system("test"), principal_kind=person, principal_id=EVE.object_id, role=approver, scope=RG_WEB
    )
    return request_reimage(alice, "web-01", "batch-01")


def answers(browser: Client, path: str, fields: dict[str, str]) -> tuple[int, int]:
    return browser.get(path).status_code, browser.post(path, fields).status_code


@pytest.mark.asvs("V8.2.1")
def test_every_address_of_a_request_is_in_the_table() -> None:
    entries = get_resolver("reimage.urls").url_patterns
    of_a_request = {f"reimage:{entry.name}" for entry in entries if "reimage_request_id" in entry.pattern.converters}
    assert of_a_request == set(MATRIX)


@pytest.mark.asvs("V8.2.1", "V8.2.2")
def test_whoever_approves_for_one_machine_reads_the_whole_and_decides_nothing(mixed: ReimageRequest, eve: User) -> None:
    other = mixed.operations.get(virtual_machine__name="batch-01")
    browser, fields = client_of(eve), {"digest": mixed.digest, "comment": "Not this week."}
    before = everything()
    for route, expected in MATRIX.items():
        arguments = [mixed.pk, other.pk] if route.startswith("reimage:operation") else [mixed.pk]
        assert answers(browser, reverse(route, args=arguments), fields) == expected, route
    assert answers(browser, reverse("reimage:machine", args=[other.virtual_machine_id]), {}) == (404, 405)
    assert everything() == before
    assert other.resource_id in browser.get(reverse("reimage:request", args=[mixed.pk])).content.decode()
