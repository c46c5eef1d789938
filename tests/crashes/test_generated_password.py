"""A process dies, once and twice, around a generated password: what Azure got can be seen, or nobody has it."""

from contextlib import suppress
from typing import Any

import pytest
from django.utils import timezone

from portal.errors import WrongState
from portal.identity.models import User
from reimage.domain.operation_states import OperationState
from reimage.models import PasswordView, ReimageOperation, SealedSecret, SecretField
from reimage.services.password_views import Asked, Shown
from reimage.services.secrets import open_secret
from reimage.services.view_answers import answer_views, expire_unseen_passwords
from tests.crashes.deeds import assert_all_or_nothing
from tests.crashes.failpoints import Failpoints, WorkerDied, at_label, at_number, never
from tests.crashes.whole_state import undone
from tests.passwords import GENERATED, seen_by_azure, show_password
from tests.sandbox_process import SandboxProcess
from tests.stories import advance, approved, let_lease_lapse, posts, run

RECOVERY = 2  # the first point after the claim


@pytest.fixture
def operation(azure: SandboxProcess, alice: User, bob: User, settings: Any) -> ReimageOperation:
    settings.PASSWORD_MODE = "generated"
    return approved(alice, bob, "web-02", parameters=GENERATED).operations.get()


def press(operation: ReimageOperation, key: bytes | None = None) -> Shown | Asked:
    return show_password(
        requester=operation.reimage_request.requester,
        reimage_request_id=operation.reimage_request_id,
        operation_id=operation.pk,
        private_key=key,
        now=timezone.now(),
    )


def kept(operation: ReimageOperation) -> str | None:
    fresh = ReimageOperation.objects.select_related("reimage_request__requester").get(pk=operation.pk)
    return open_secret(fresh, SecretField.GENERATED, commitment=None)


def test_whatever_dies_around_the_post_what_azure_got_is_kept(
    operation: ReimageOperation, azure: SandboxProcess
) -> None:
    points = Failpoints()
    with undone(), points.watching():
        advance(operation)
    azure.reset()
    assert any("reimage" in point.lower() for point in points.reached)
    for number, point in enumerate(points.reached):
        for again in (never, at_label(point), at_number(RECOVERY)):
            with undone():
                with pytest.raises(WorkerDied), Failpoints(at_number(number)).watching():
                    advance(operation)
                assert_what_azure_got_is_kept(operation, azure, point)
                let_lease_lapse(operation)
                with suppress(WorkerDied), Failpoints(again).watching():
                    advance(operation)
                assert_what_azure_got_is_kept(operation, azure, point)
            azure.reset()


def assert_what_azure_got_is_kept(operation: ReimageOperation, azure: SandboxProcess, point: str) -> None:
    if posts(azure):
        assert seen_by_azure(azure, kept(operation) or ""), point
    intended = ReimageOperation.objects.get().state == OperationState.SUBMITTING
    assert (kept(operation) is not None) >= intended, point


def test_every_step_of_the_view_is_whole_or_nothing(operation: ReimageOperation, azure: SandboxProcess) -> None:
    run(operation.reimage_request, azure)
    operation.refresh_from_db()
    assert_all_or_nothing(lambda: press(operation), when_done="another")
    asked = press(operation)
    assert isinstance(asked, Asked)
    assert_all_or_nothing(lambda: answer_views(now=timezone.now()), when_done="nothing")
    answer_views(now=timezone.now())
    assert_all_or_nothing(lambda: press(operation, asked.private_key), when_done="another")


def test_so_are_its_end_unseen_and_the_alarm(operation: ReimageOperation, azure: SandboxProcess, settings: Any) -> None:
    run(operation.reimage_request, azure)
    operation.refresh_from_db()
    assert operation.finished_at is not None
    settings.PASSWORD_HOURS = 0
    assert_all_or_nothing(lambda: expire_unseen_passwords(now=timezone.now()), when_done="nothing")
    settings.PASSWORD_HOURS = 24
    SealedSecret.objects.all().delete()
    PasswordView.objects.create(operation=operation, public_key=b"", asked_at=timezone.now(), seen_at=timezone.now())

    def ask_again() -> None:
        with pytest.raises(WrongState):
            press(operation)

    assert_all_or_nothing(ask_again, when_done="another")
