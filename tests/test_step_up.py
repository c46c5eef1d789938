"""Which deeds of the portal need a young sign-in: all but a short list."""

import time
from contextlib import suppress
from uuid import uuid4

import pytest
from django.test import Client
from django.urls import NoReverseMatch, get_resolver, reverse

from portal.identity.decorators import is_routine
from portal.identity.models import User
from reimage.domain.request_states import RequestState
from reimage.models import AccessGrant, ReimageRequest
from tests.cast import client_of
from tests.sandbox_process import SandboxProcess
from tests.stories import draft, request_reimage
from tests.test_access_matrix import MATRIX, NEVER, NO

ROUTINE = {
    "reimage:request-new",  # a draft: nobody sees it before it is submitted
    "reimage:request-check-field",
    "reimage:request-reject",  # these three stop something
    "reimage:request-cancel",
    "reimage:execution-pause",
    "identity:sign-in",
    "identity:sign-out",
    "identity:language",
    "identity:time-zone",
    "theme",
    "csp-report",
}


def path_of(route: str) -> str:
    for arguments in ([], [1], [uuid4()], [1, 1]):
        with suppress(NoReverseMatch):
            return reverse(route, args=arguments)
    raise AssertionError(f"{route} takes other arguments than these")


def stale(user: User) -> Client:
    """A browser in which the person proved who they are an hour ago."""
    client = client_of(user)
    session = client.session
    session["identity.authenticated_at"] = int(time.time()) - 3_600
    session.save()
    return client


@pytest.mark.asvs("V7.5.3")
def test_no_other_deed_is_routine() -> None:
    deeds = {route for route, row in MATRIX.items() if row.post not in (NO, NEVER)}
    assert {route for route in deeds if is_routine(get_resolver().resolve(path_of(route)).func)} == ROUTINE


@pytest.mark.asvs("V7.5.3")
def test_an_approval_waits_for_the_approver_to_sign_in_again(azure: SandboxProcess, alice: User, bob: User) -> None:
    pending = request_reimage(alice, "web-02")
    client = stale(bob)
    fields = {"digest": pending.digest, "comment": "Go ahead."}
    response = client.post(reverse("reimage:request-approve", args=[pending.pk]), fields)
    assert response.url.startswith("/sign-in/again")
    pending.refresh_from_db()
    assert pending.state == RequestState.PENDING_APPROVAL
    page = client.get("/sign-in/resume").content.decode()
    assert pending.digest in page
    assert "Go ahead." in page


def test_a_confirmation_keeps_the_language_of_its_page(azure: SandboxProcess, alice: User) -> None:
    """The audit log tells in which language the warnings were read."""
    client, unsent = stale(alice), draft(alice, "web-02")
    client.post(f"/requests/{unsent.pk}/review", {"confirmation": "web-02", "language": "ja"})
    assert 'name="language" value="ja"' in client.get("/sign-in/resume").content.decode()


@pytest.mark.asvs("V7.5.3")
def test_so_do_a_submission_and_a_grant(
    azure: SandboxProcess, grants: list[AccessGrant], alice: User, dan: User
) -> None:
    unsent = draft(alice, "web-02")
    response = stale(alice).post(reverse("reimage:request-review", args=[unsent.pk]), {"confirmation": "web-02"})
    assert response.url.startswith("/sign-in/again")
    assert ReimageRequest.objects.get(pk=unsent.pk).state == RequestState.DRAFT
    response = stale(dan).post(reverse("reimage:access-delete", args=[grants[0].pk]))
    assert response.url.startswith("/sign-in/again")
    assert AccessGrant.objects.filter(pk=grants[0].pk).exists()
