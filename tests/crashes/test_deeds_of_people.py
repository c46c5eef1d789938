"""The web process dies at every commit and send of a person's deed, once and twice: all was done or none."""

from collections.abc import Callable
from typing import Any

import pytest
from django.utils import timezone

from portal.identity.models import User
from reimage.domain.operation_states import OperationState
from reimage.domain.parameters import ReimageParameters
from reimage.models import ReimageOperation, ReimageRequest
from reimage.services import attention, decision
from tests.crashes.deeds import assert_all_or_nothing, points_of
from tests.crashes.failpoints import Failpoints, WorkerDied, at_number
from tests.crashes.whole_state import undone, whole_state
from tests.passwords import AT_RELEASE, give
from tests.sandbox_process import SandboxProcess
from tests.stories import advance_to, approve, approved, draft, request_reimage, submit

SECRET = ReimageParameters(admin_password="Correct-Horse-7")


def test_a_draft_is_whole_or_not_there(azure: SandboxProcess, alice: User) -> None:
    before = whole_state()
    points = points_of(lambda: draft(alice, "web-02", parameters=SECRET))
    assert sum("after commit" in point for point in points) == 1
    for number, point in enumerate(points):
        for times in (1, 2):
            with undone():
                for _ in range(times):
                    with pytest.raises(WorkerDied), Failpoints(at_number(number)).watching():
                        draft(alice, "web-02", parameters=SECRET)
                found = whole_state()
                assert (found == before) == ("after commit" not in point), point
                assert len(found["secrets"]) == len(found["operations"]) == len(found["requests"])
                submit(draft(alice, "web-02", parameters=SECRET))  # a draft left behind occupies nothing


def test_submitting_is_all_or_nothing(azure: SandboxProcess, alice: User) -> None:
    reviewed = draft(alice, "web-01", "web-02", parameters=ReimageParameters())
    assert_all_or_nothing(lambda: submit(reviewed))


def test_approving_is_all_or_nothing(azure: SandboxProcess, alice: User, bob: User) -> None:
    pending = request_reimage(alice, "web-02", parameters=SECRET)
    assert_all_or_nothing(lambda: approve(bob, pending))


def test_approving_what_needs_a_password_is_all_or_nothing(
    azure: SandboxProcess, alice: User, bob: User, settings: Any
) -> None:
    settings.PASSWORD_MODE = "at_release"
    pending = request_reimage(alice, "web-02", parameters=AT_RELEASE)
    assert_all_or_nothing(lambda: approve(bob, pending))


def test_giving_a_password_is_all_or_nothing(azure: SandboxProcess, alice: User, bob: User, settings: Any) -> None:
    settings.PASSWORD_MODE = "at_release"
    awaiting = approved(alice, bob, "web-02", "web-03", parameters=AT_RELEASE)
    assert_all_or_nothing(lambda: give(awaiting))


def test_rejecting_is_all_or_nothing(azure: SandboxProcess, alice: User, bob: User) -> None:
    pending = request_reimage(alice, "web-02", parameters=SECRET)
    assert_all_or_nothing(
        lambda: decision.reject_reimage_request(
            approver=bob, reimage_request_id=pending.pk, comment="Not today.", now=timezone.now()
        )
    )


@pytest.mark.parametrize("begin", [request_reimage, approved])
def test_canceling_is_all_or_nothing(
    azure: SandboxProcess, alice: User, bob: User, begin: Callable[..., ReimageRequest]
) -> None:
    people = (alice, bob) if begin is approved else (alice,)
    waiting = begin(*people, "web-02", parameters=SECRET)
    assert_all_or_nothing(
        lambda: decision.cancel_reimage_request(requester=alice, reimage_request_id=waiting.pk, now=timezone.now())
    )


def test_calling_off_the_rest_is_all_or_nothing(azure: SandboxProcess, alice: User, bob: User) -> None:
    running = approved(alice, bob, "web-02", "web-03", parameters=SECRET)
    advance_to(running.operations.all()[0], OperationState.IN_PROGRESS)
    assert_all_or_nothing(
        lambda: decision.cancel_reimage_request(requester=alice, reimage_request_id=running.pk, now=timezone.now())
    )


def test_settling_is_all_or_nothing(azure: SandboxProcess, alice: User, bob: User, dan: User) -> None:
    operation = approved(alice, bob, "web-01").operations.get()
    ReimageOperation.objects.update(state=OperationState.NEEDS_ATTENTION, next_at=None)
    assert_all_or_nothing(
        lambda: attention.settle_operation(
            administrator=dan,
            operation_id=operation.pk,
            executed=True,
            comment="I looked.",
            confirmation=operation.name,
            now=timezone.now(),
        )
    )
