"""The sweeper rings for what is due, and does its other duties whatever befalls one of them."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.core import mail
from django.utils import timezone

from portal.health import signs
from portal.health.readings import Check
from portal.identity.models import User
from reimage import tasks
from reimage.domain.operation_states import OperationState
from reimage.domain.parameters import ReimageParameters
from reimage.domain.request_states import RequestState
from reimage.models import ReimageOperation, ReimageRequest, SealedSecret, VirtualMachine
from reimage.services import doorbell
from tests.passwords import AT_RELEASE, GENERATED, PASSWORD
from tests.sandbox_process import SandboxProcess
from tests.stories import advance_to, approved, draft, make_due, request_reimage, run


@pytest.fixture
def rung(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The ids that were published."""
    ids: list[int] = []
    monkeypatch.setattr(doorbell, "ring", lambda due: ids.extend(due))
    return ids


def test_it_rings_only_for_what_is_due_and_free(azure: SandboxProcess, alice: User, bob: User, rung: list[int]) -> None:
    due, later, held, done = approved(alice, bob, "web-01", "web-02", "web-03", "web-04").operations.all()
    waiting = request_reimage(alice, "batch-01").operations.get()
    soon = timezone.now() + timedelta(minutes=5)
    ReimageOperation.objects.filter(pk=later.pk).update(next_at=soon)
    ReimageOperation.objects.filter(pk=held.pk).update(lease_until=timezone.now() + timedelta(seconds=20))
    ReimageOperation.objects.filter(pk=done.pk).update(state=OperationState.SUCCEEDED)
    ReimageOperation.objects.filter(pk=waiting.pk).update(next_at=due.next_at)
    tasks.sweep()
    assert rung == [due.pk]


def test_it_rings_again_after_a_lease_lapsed_and_oldest_first(
    azure: SandboxProcess, alice: User, bob: User, rung: list[int]
) -> None:
    first, second = approved(alice, bob, "web-01", "web-02").operations.all()
    past = timezone.now() - timedelta(minutes=5)
    ReimageOperation.objects.filter(pk=second.pk).update(next_at=past, lease_until=past)
    tasks.sweep()
    assert rung == [second.pk, first.pk]


@pytest.mark.asvs("V14.2.7")
def test_it_expires_discards_and_sends(azure: SandboxProcess, alice: User, bob: User, rung: list[int]) -> None:
    secret = ReimageParameters(admin_password=PASSWORD)
    pending, drafted = request_reimage(alice, "web-02", parameters=secret), draft(alice, "web-03", parameters=secret)
    ReimageRequest.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    assert SealedSecret.objects.count() == 2
    tasks.sweep()
    assert not SealedSecret.objects.exists()
    pending.refresh_from_db()
    assert pending.state == RequestState.EXPIRED
    assert not ReimageRequest.objects.filter(pk=drafted.pk).exists()
    assert len(mail.outbox) == 2


@pytest.mark.asvs("V14.2.7")
def test_it_ends_what_waited_for_a_password(
    azure: SandboxProcess, alice: User, bob: User, rung: list[int], settings: Any
) -> None:
    settings.PASSWORD_MODE = "at_release"
    parameters = replace(AT_RELEASE, custom_data="I2Nsb3VkLWNvbmZpZwo=")
    operation = approved(alice, bob, "web-02", parameters=parameters).operations.get()
    tasks.sweep()
    assert SealedSecret.objects.count() == 1
    make_due(operation)
    tasks.sweep()
    operation.refresh_from_db()
    assert operation.state == OperationState.EXPIRED
    assert not SealedSecret.objects.exists()


@pytest.mark.asvs("V14.2.7")
def test_it_destroys_what_nobody_came_to_see(
    azure: SandboxProcess, alice: User, bob: User, rung: list[int], settings: Any
) -> None:
    settings.PASSWORD_MODE = "generated"
    run(approved(alice, bob, "web-02", parameters=GENERATED), azure)
    tasks.sweep()
    assert SealedSecret.objects.count() == 1
    ReimageOperation.objects.update(finished_at=timezone.now() - timedelta(hours=settings.PASSWORD_HOURS))
    tasks.sweep()
    assert not SealedSecret.objects.exists()


@pytest.mark.parametrize("duty", ["expire_reimage_requests", "discard_expired_drafts"])
def test_the_trouble_of_one_duty_is_not_the_others(
    azure: SandboxProcess,
    alice: User,
    bob: User,
    rung: list[int],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    duty: str,
) -> None:
    room = tasks.decision if duty.startswith("expire") else tasks.drafting

    def fail(**_: Any) -> None:
        raise ZeroDivisionError

    fail.__name__ = duty
    monkeypatch.setattr(room, duty, fail)
    request_reimage(alice, "web-01")
    with pytest.raises(tasks.DutiesFailed, match=duty):
        tasks.sweep()
    assert len(mail.outbox) == 1
    assert duty in caplog.text


@pytest.mark.django_db
def test_a_sweep_with_a_duty_that_failed_is_not_one_that_ended(
    rung: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(**_: Any) -> None:
        raise ZeroDivisionError

    fail.__name__ = "watch_execution"
    with monkeypatch.context() as trouble:
        trouble.setattr(tasks.alarms, "watch_execution", fail)
        tasks.sweep.apply()
    assert not sweep_check().ok
    tasks.sweep.apply()
    assert sweep_check().ok


def sweep_check() -> Check:
    return next(check for check in signs.read().checks if check.name == "sweep")


def test_a_message_advances_an_operation(azure: SandboxProcess, alice: User, bob: User) -> None:
    operation = approved(alice, bob, "web-01").operations.get()
    tasks.advance_operation(operation.pk)
    operation.refresh_from_db()
    assert operation.state == OperationState.IN_PROGRESS
    tasks.advance_operation(operation.pk)
    tasks.advance_operation(operation.pk)
    assert len([entry for entry in azure.ledger() if "/operations/" in entry["path"]]) == 0


def test_the_inventory_is_synchronised_on_a_schedule(azure: SandboxProcess) -> None:
    VirtualMachine.objects.all().delete()
    tasks.sync_inventory()
    assert VirtualMachine.objects.count() == 20


def test_an_operation_that_is_followed_is_rung_when_its_time_comes(
    azure: SandboxProcess, alice: User, bob: User, rung: list[int]
) -> None:
    operation = advance_to(approved(alice, bob, "web-01").operations.get(), OperationState.IN_PROGRESS)
    tasks.sweep()
    assert rung == []
    ReimageOperation.objects.update(next_at=timezone.now() - timedelta(seconds=1))
    tasks.sweep()
    assert rung == [operation.pk]
