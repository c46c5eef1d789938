"""Which deeds of the portal need a young sign-in: all but a short list."""

import time
from contextlib import suppress
from uuid import uuid4

import pytest
from django.test import Client
from django.urls import NoReverseMatch, get_resolver, reverse

from portal.identity.decorators import is_routine
from portal.identity.flows import SESSION_KEY
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


def test_a_look_at_what_a_grant_would_cover_stays_one(
    azure: SandboxProcess, grants: list[AccessGrant], dan: User
) -> None:
    client, before = stale(dan), AccessGrant.objects.count()
    form = {"principal_kind": "user", "principal_id": str(uuid4()), "role": "requester", "scope": grants[0].scope}
    client.post("/access/", {**form, "check": "1"})
    page = client.get("/sign-in/resume").content.decode()
    assert 'name="check" value="1"' in page
    assert AccessGrant.objects.count() == before


def test_what_is_sent_after_the_sign_in_is_named(azure: SandboxProcess, alice: User, bob: User) -> None:
    """Two tabs, of which the second form is the one that is kept."""
    client = stale(bob)
    first, second = request_reimage(alice, "web-01"), request_reimage(alice, "web-02")
    for pending in (first, second):
        client.post(reverse("reimage:request-approve", args=[pending.pk]), {"digest": pending.digest, "comment": ""})
    assert f">{reverse('reimage:request-approve', args=[second.pk])}<" in client.get("/sign-in/resume").content.decode()


def test_a_form_of_another_page_is_not_what_one_comes_back_to(azure: SandboxProcess, alice: User, bob: User) -> None:
    """Abandoned at Entra ID; minutes later the sign-in is renewed for something else."""
    client, pending = stale(bob), request_reimage(alice, "web-02")
    page = reverse("reimage:request", args=[pending.pk])
    client.post(
        reverse("reimage:request-approve", args=[pending.pk]),
        {"digest": pending.digest, "comment": ""},
        headers={"Referer": f"http://testserver{page}"},
    )
    for next_path, way_back in ((page, "/sign-in/resume"), ("/approvals/", "/approvals/")):
        client.get("/sign-in/again", {"next": next_path})
        assert way_back in [flow["next"] for flow in client.session[SESSION_KEY].values()]
    assert len(client.session[SESSION_KEY]) == 2
