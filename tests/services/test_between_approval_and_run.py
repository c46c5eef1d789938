"""What may happen between an approval and its run: nothing is sent, and the request's page says why."""

import socket
from collections.abc import Callable, Iterator

import pytest
from django.utils import timezone

from portal.audit.actors import Actor
from portal.identity.models import User
from reimage.domain.operation_states import OperationState
from reimage.domain.request_states import RequestState
from reimage.models import AccessGrant, ReimageRequest
from reimage.services.inventory import synchronize_inventory
from tests.cast import client_of
from tests.pages.reading import words
from tests.sandbox_process import SandboxProcess
from tests.stories import accepted_posts, advance, approved, posts, run

Happening = Callable[[SandboxProcess, list[AccessGrant], User], None]


def vm_is_deleted(azure: SandboxProcess, grants: list[AccessGrant], bob: User) -> None:
    azure.drift("web-02", delete=True)


def vm_is_recreated(azure: SandboxProcess, grants: list[AccessGrant], bob: User) -> None:
    azure.drift("web-02", recreate=True)


def vm_is_moved(azure: SandboxProcess, grants: list[AccessGrant], bob: User) -> None:
    azure.drift("web-02", move_to="rg-archive")


def vm_is_moved_and_seen_there(azure: SandboxProcess, grants: list[AccessGrant], bob: User) -> None:
    azure.drift("web-02", move_to="rg-archive")
    synchronize_inventory(actor=Actor.system("test"), now=timezone.now())


def approver_loses_the_grant(azure: SandboxProcess, grants: list[AccessGrant], bob: User) -> None:
    grants[2].delete()


def approver_leaves_the_group(azure: SandboxProcess, grants: list[AccessGrant], bob: User) -> None:
    User.objects.filter(pk=bob.pk).update(group_ids=[])


@pytest.mark.parametrize(
    ("happens", "sentence"),
    [
        (
            vm_is_deleted,
            "web-02 is no longer there: it was deleted, or moved to another resource group or subscription.",
        ),
        (vm_is_recreated, "VM id (another machine of the same name): b0000000-0000-4000-8000-000000000002 in the plan"),
        (vm_is_moved, "web-02 is no longer there: it was deleted, or moved to another resource group or subscription."),
        (vm_is_moved_and_seen_there, "web-02 was moved, and is now"),
        (approver_loses_the_grant, "Whoever approved may no longer decide for this machine. No reimage was executed."),
        (approver_leaves_the_group, "Whoever approved may no longer decide for this machine. No reimage was executed."),
    ],
)
def test_it_stops_and_the_page_says_why(
    azure: SandboxProcess, alice: User, bob: User, grants: list[AccessGrant], happens: Happening, sentence: str
) -> None:
    reimage_request = approved(alice, bob, "web-02")
    happens(azure, grants, bob)
    assert advance(reimage_request.operations.get()).state == OperationState.DRIFTED
    assert posts(azure) == []
    assert ReimageRequest.objects.get(pk=reimage_request.pk).state == RequestState.FAILED
    page = words(client_of(alice).get(f"/requests/{reimage_request.pk}/"))
    assert sentence in page
    assert "Stopped: differs from the approved plan" in page


@pytest.fixture
def foreign_host() -> Iterator[socket.socket]:
    """A host that is not Azure's and hears whoever knocks."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.setblocking(False)
        yield listener


def test_an_operation_on_a_foreign_host_is_not_followed_at_all(
    azure: SandboxProcess, alice: User, bob: User, foreign_host: socket.socket
) -> None:
    host = f"https://127.0.0.1:{foreign_host.getsockname()[1]}"
    azure.faults("foreign_operation_host", match={"verb": "POST", "vm": "web-02"}, host=host)
    reimage_request = run(approved(alice, bob, "web-02"), azure)
    operation = reimage_request.operations.get()
    assert operation.operation_url.startswith(host)
    assert operation.state == OperationState.NEEDS_ATTENTION
    with pytest.raises(BlockingIOError):
        foreign_host.accept()  # nobody came, so no token did
    assert "Azure's answer points to a foreign address" in words(
        client_of(alice).get(f"/requests/{reimage_request.pk}/")
    )
    assert len(accepted_posts(azure)) == 1
