"""More reimages of one subscription at once than anybody expects wait until an administrator lets them through."""

from datetime import timedelta
from typing import Any

import pytest
from django.core import mail
from django.utils import timezone

from portal.audit.models import AuditEvent
from portal.errors import NotAllowed, NotFound, WrongState
from portal.identity.models import User
from reimage import figures
from reimage.domain.operation_states import OperationState
from reimage.domain.plan import DeleteOptionChange
from reimage.domain.request_states import RequestState
from reimage.execution_selectors import alarms
from reimage.models import Notice, ReimageBreaker, ReimageOperation, ReimageRequest
from reimage.services import breaker, notification
from tests.sandbox_process import PRODUCTION, SandboxProcess
from tests.stories import accepted_posts, advance, age, approved, bear_out, posts, run

NAMES = ("web-01", "web-02", "web-03", "web-04")


@pytest.fixture(autouse=True)
def two_at_once(settings: Any) -> None:
    settings.BREAKER_REIMAGES = 2


@pytest.fixture
def held_back(azure: SandboxProcess, alice: User, bob: User) -> ReimageRequest:
    """Four machines: two are being reimaged, two wait for an administrator."""
    reimage_request = approved(alice, bob, *NAMES)
    for operation in reimage_request.operations.all():
        advance(operation)
    return reimage_request


def states_of(reimage_request: ReimageRequest) -> list[str]:
    return [operation.state for operation in reimage_request.operations.all()]


def release(dan: User, reimages: int) -> ReimageBreaker:
    return breaker.release_breaker(administrator=dan, subscription_id=PRODUCTION, reimages=reimages)


def test_one_too_many_waits_and_says_for_whom(azure: SandboxProcess, held_back: ReimageRequest) -> None:
    sent, waiting = [OperationState.IN_PROGRESS] * 2, [OperationState.PREFLIGHT] * 2
    assert states_of(held_back) == [*sent, *waiting]
    note = held_back.operations.last().note
    assert note == {"code": "breaker_tripped", "params": {"reimages": 2, "minutes": 10}}
    assert len(posts(azure)) == 2


def test_it_stays_tripped_until_somebody_decides(azure: SandboxProcess, held_back: ReimageRequest) -> None:
    for operation in held_back.operations.all():
        age(operation, timedelta(hours=1))
    azure.clear()
    waiting = held_back.operations.last()
    assert waiting is not None
    assert advance(waiting).note["code"] == "breaker_tripped"
    assert azure.ledger() == []  # waiting costs Azure nothing


def test_administrators_are_told_once(held_back: ReimageRequest, dan: User, carol: User) -> None:
    for operation in held_back.operations.all():
        advance(operation)
    assert Notice.objects.filter(kind="execution_alarm").count() == 1
    assert AuditEvent.objects.filter(action="breaker.tripped").count() == 1
    notification.send_due_notices(now=timezone.now() + timedelta(seconds=1))
    (alarm,) = [message for message in mail.outbox if "wait for an administrator" in message.subject]
    assert alarm.to == ["dan@example.com"]
    assert f"More than 2 reimages within 10 minutes in subscription {PRODUCTION}" in str(alarm.body)


def test_what_was_let_through_goes_on_and_no_more_than_that(
    azure: SandboxProcess, held_back: ReimageRequest, dan: User
) -> None:
    released = release(dan, 1)
    assert (released.tripped_at, released.allowance) == (None, 1)
    for operation in held_back.operations.filter(state=OperationState.PREFLIGHT):
        advance(operation)
    assert len(posts(azure)) == 3
    assert ReimageBreaker.objects.get().tripped_at is not None
    assert Notice.objects.filter(kind="execution_alarm").count() == 2
    release(dan, 2)
    assert run(held_back, azure).state == RequestState.COMPLETED
    assert len(accepted_posts(azure)) == 4
    event = AuditEvent.objects.filter(action="breaker.released").latest("pk")
    assert (event.actor_text, event.target_id) == ("Dan Date", PRODUCTION)


def test_what_nobody_used_within_the_hour_is_gone(azure: SandboxProcess, held_back: ReimageRequest, dan: User) -> None:
    release(dan, 5)
    ReimageBreaker.objects.update(allowance_until=timezone.now())
    waiting = held_back.operations.last()
    assert waiting is not None
    assert advance(waiting).note["code"] == "breaker_tripped"
    assert len(posts(azure)) == 2


def test_a_release_rings_for_what_waits(
    held_back: ReimageRequest, dan: User, django_capture_on_commit_callbacks: Any
) -> None:
    before = held_back.operations.last()
    with django_capture_on_commit_callbacks(execute=True):
        release(dan, 2)
    after = held_back.operations.last()
    assert before is not None
    assert after is not None
    assert after.next_at < before.next_at


def test_no_deleteoption_is_changed_for_a_reimage_that_cannot_follow(
    azure: SandboxProcess, alice: User, bob: User
) -> None:
    for operation in approved(alice, bob, "web-01", "web-02").operations.all():
        advance(operation)
    operation = approved(alice, bob, "web-03", change=DeleteOptionChange.DETACH).operations.get()
    assert advance(operation).note["code"] == "breaker_tripped"
    assert azure.ledger(method="PATCH") == []


def test_what_is_long_past_or_was_refused_is_not_counted(azure: SandboxProcess, alice: User, bob: User) -> None:
    past, refused = approved(alice, bob, "web-01", "web-02").operations.all()
    age(advance(past), timedelta(minutes=11))
    azure.faults("status", match={"verb": "POST", "vm": "web-02"}, status=409)
    advance(refused)
    bear_out(refused, azure)
    for operation in approved(alice, bob, "web-03", "web-04").operations.all():
        assert advance(operation).state == OperationState.IN_PROGRESS
    assert advance(refused).note["code"] == "breaker_tripped"


def test_each_subscription_counts_for_itself(azure: SandboxProcess, held_back: ReimageRequest) -> None:
    other = PRODUCTION[:-1] + "2"
    operations = ReimageOperation.objects.filter(pk=held_back.operations.all()[0].pk)
    operations.update(resource_key=operations.get().resource_key.replace(PRODUCTION, other))
    ReimageBreaker.objects.update(tripped_at=None)
    third, fourth = held_back.operations.filter(state=OperationState.PREFLIGHT)
    assert advance(third).state == OperationState.IN_PROGRESS
    assert advance(fourth).note["code"] == "breaker_tripped"


def test_zero_switches_it_off(azure: SandboxProcess, alice: User, bob: User, settings: Any) -> None:
    settings.BREAKER_REIMAGES = 0
    reimage_request = approved(alice, bob, *NAMES)
    for operation in reimage_request.operations.all():
        advance(operation)
    assert states_of(reimage_request) == [OperationState.IN_PROGRESS] * 4
    assert not ReimageBreaker.objects.exists()


def test_one_that_was_just_switched_on_trips_and_is_released(
    azure: SandboxProcess, alice: User, bob: User, dan: User, settings: Any
) -> None:
    settings.BREAKER_REIMAGES = 0
    run(approved(alice, bob, "web-02"), azure)
    settings.BREAKER_REIMAGES = 1
    held = approved(alice, bob, "web-03").operations.get()
    assert advance(held).note["code"] == "breaker_tripped"
    assert [alarm.kind for alarm in alarms()] == ["breaker_tripped"]
    assert Notice.objects.filter(kind="execution_alarm").count() == 1
    release(dan, 1)
    assert advance(held).state == OperationState.IN_PROGRESS


def test_one_that_is_switched_off_while_tripped_holds_nobody_and_is_no_alarm(
    azure: SandboxProcess, held_back: ReimageRequest, settings: Any
) -> None:
    ReimageOperation.objects.filter(state=OperationState.PREFLIGHT).update(next_at=timezone.now() - timedelta(hours=1))
    assert oldest_due() == 0  # they wait for a person
    settings.BREAKER_REIMAGES = 0
    assert alarms() == []
    assert oldest_due() >= 3_600  # they wait for a worker
    assert run(held_back, azure).state == RequestState.COMPLETED
    settings.BREAKER_REIMAGES = 2
    assert [alarm.kind for alarm in alarms()] == ["breaker_tripped"]


def oldest_due() -> float:
    found = {figure.name: figure.values for figure in figures.read().figures}
    return found["reimage_oldest_due_age_seconds"][()]


def test_whoever_is_second_is_told_who_was_first(held_back: ReimageRequest, dan: User) -> None:
    release(dan, 1)
    with pytest.raises(WrongState, match="Dan Date already let reimages of this subscription through, at"):
        release(dan, 500)
    assert ReimageBreaker.objects.get().allowance == 1


def test_what_never_tripped_cannot_be_released(db: None, dan: User) -> None:
    with pytest.raises(NotFound):
        release(dan, 1)


@pytest.mark.parametrize("reimages", [0, -1, 501])
def test_a_senseless_number_is_refused(held_back: ReimageRequest, dan: User, reimages: int) -> None:
    with pytest.raises(NotAllowed, match="at least 1 and at most 500"):
        release(dan, reimages)
    assert ReimageBreaker.objects.get().tripped_at is not None


def test_only_an_administrator_releases(
    held_back: ReimageRequest, alice: User, bob: User, carol: User, eve: User
) -> None:
    for person in (alice, bob, carol, eve):
        with pytest.raises(NotAllowed, match=r"Reimage\.Administrator"):
            release(person, 1)
    assert ReimageBreaker.objects.get().tripped_at is not None
