"""The portal stays below Azure's rates for "Update VM" by itself, and slows down when Azure has little left."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db.models import F

from portal.identity.models import User
from reimage.azure.calls import Refused, Unknown
from reimage.domain.operation_states import OperationState
from reimage.domain.plan import DeleteOptionChange, ReimagePlan
from reimage.domain.request_states import RequestState
from reimage.models import ReimageOperation, UpdateBucket
from reimage.services import buckets
from reimage.services.buckets import PER_MACHINE, PER_REGION
from reimage.services.clock import database_now
from reimage.services.hindrance import Hindered
from tests.sandbox_process import PRODUCTION, SandboxProcess
from tests.stories import advance, approved, posts, run

REGION = f"{PRODUCTION}/japaneast"


@pytest.fixture
def plan(azure: SandboxProcess, alice: User, bob: User) -> ReimagePlan:
    return ReimagePlan.from_document(approved(alice, bob, "web-02").operations.get().plan)


def taken_at_once(plan: ReimagePlan, now: datetime, most: int = 2_000) -> int:
    """How many tokens there are before one has to wait."""
    for count in range(most):
        try:
            buckets.take(plan, now)
        except Hindered:
            return count
    return most


def left(key: str, now: datetime) -> int:
    """The region's tokens."""
    busy = UpdateBucket.objects.get(key=key).full_at - now
    return int((PER_REGION.emptied - max(busy, timedelta())) / PER_REGION.token)


def test_a_fifth_of_azures_rates_is_left_to_others() -> None:
    assert (PER_REGION.emptied / PER_REGION.token, PER_REGION.reserve) == (1_200, 300)
    assert timedelta(minutes=1) / PER_REGION.token == 400
    assert (round(PER_MACHINE.emptied / PER_MACHINE.token), PER_MACHINE.reserve) == (9, 3)


def test_a_machine_has_nine_at_once_and_then_three_a_minute(plan: ReimagePlan) -> None:
    now = database_now()
    assert taken_at_once(plan, now) == 9
    assert taken_at_once(plan, now + timedelta(minutes=1)) == 3
    assert taken_at_once(plan, now + timedelta(hours=1)) == 9


def test_what_could_not_be_taken_was_not_taken(plan: ReimagePlan) -> None:
    now = database_now()
    taken_at_once(plan, now)
    before = UpdateBucket.objects.get(key=plan.resource_id.key).full_at
    with pytest.raises(Hindered) as hindered:
        buckets.take(plan, now)
    assert hindered.value.note["code"] == "own_rate_limit"
    assert hindered.value.seconds > 18
    assert UpdateBucket.objects.get(key=plan.resource_id.key).full_at == before


def test_the_change_of_deleteoption_and_the_reimage_take_one_each(
    azure: SandboxProcess, alice: User, bob: User
) -> None:
    reimage_request = approved(alice, bob, "web-03", change=DeleteOptionChange.DETACH)
    before = database_now()
    assert run(reimage_request, azure).state == RequestState.COMPLETED
    bucket = UpdateBucket.objects.get(key=REGION)
    assert timedelta() <= bucket.full_at - before - 2 * PER_REGION.token < timedelta(seconds=30)


def test_an_empty_bucket_sends_nothing_asks_nothing_and_comes_back(
    azure: SandboxProcess, alice: User, bob: User
) -> None:
    reimage_request = approved(alice, bob, "web-02")
    later = database_now() + PER_REGION.emptied + timedelta(seconds=90)
    UpdateBucket.objects.create(key=REGION, full_at=later)
    azure.clear()
    operation = advance(reimage_request.operations.get())
    assert (operation.state, operation.note["code"]) == (OperationState.PREFLIGHT, "own_rate_limit")
    assert timedelta(seconds=85) < operation.next_at - database_now() < timedelta(seconds=120)
    assert azure.ledger() == []
    UpdateBucket.objects.update(full_at=F("full_at") - timedelta(minutes=2))
    assert run(reimage_request, azure).state == RequestState.COMPLETED


def test_the_last_token_is_given_once(azure: SandboxProcess, alice: User, bob: User) -> None:
    operations = approved(alice, bob, "web-01", "web-02").operations.all()
    first, second = (ReimagePlan.from_document(operation.plan) for operation in operations)
    now = database_now()
    UpdateBucket.objects.create(key=REGION, full_at=now + PER_REGION.emptied - PER_REGION.token)
    buckets.take(first, now)
    with pytest.raises(Hindered):
        buckets.take(second, now)


def test_a_bucket_that_was_emptied_after_the_look_still_holds(
    azure: SandboxProcess, alice: User, bob: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(buckets, "refuse_while_empty", lambda *_: None)
    UpdateBucket.objects.create(key=REGION, full_at=database_now() + PER_REGION.emptied * 2)
    operation = advance(approved(alice, bob, "web-02").operations.get())
    assert (operation.state, operation.note["code"]) == (OperationState.PREFLIGHT, "own_rate_limit")
    assert (operation.attempt, posts(azure)) == (0, [])


@pytest.mark.parametrize(
    ("remaining", "expected"), [(1_400, 1_199), (751, 1_199), (750, 450), (301, 1), (300, 0), (0, 0)]
)
def test_it_slows_down_when_azure_says_that_little_is_left(plan: ReimagePlan, remaining: int, expected: int) -> None:
    now = database_now()
    buckets.take(plan, now)
    buckets.learn(plan, Unknown("HttpStatus", 500, remaining={PER_REGION.policy: remaining}), now)
    assert left(REGION, now) == expected


def test_where_nothing_is_left_everybody_waits_as_long_as_azure_says(plan: ReimagePlan) -> None:
    now = database_now()
    buckets.take(plan, now)
    refusal = Refused(429, "OperationNotAllowed", "", retry_after=1_200, remaining={PER_REGION.policy: 0})
    buckets.learn(plan, refusal, now)
    with pytest.raises(Hindered) as hindered:
        buckets.refuse_while_empty(plan, now)
    assert 1_200 <= hindered.value.seconds < 1_230


def test_it_never_speeds_up_by_what_azure_says(plan: ReimagePlan) -> None:
    now = database_now()
    UpdateBucket.objects.create(key=REGION, full_at=now + timedelta(hours=1))
    buckets.learn(plan, Unknown("HttpStatus", 500, remaining={PER_REGION.policy: 700}), now)
    assert UpdateBucket.objects.get(key=REGION).full_at == now + timedelta(hours=1)


def test_the_answer_to_a_reimage_is_learnt_from(
    azure: SandboxProcess, alice: User, bob: User, monkeypatch: Any
) -> None:
    learnt = []
    monkeypatch.setattr(buckets, "learn", lambda _plan, outcome, _now: learnt.append(dict(outcome.remaining)))
    advance(approved(alice, bob, "web-02").operations.get())
    assert learnt == [{PER_REGION.policy: 1_499, PER_MACHINE.policy: 11}]


def test_trouble_in_learning_does_not_cost_the_answer(
    azure: SandboxProcess, alice: User, bob: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(buckets, "learn", fail)
    operation = advance(approved(alice, bob, "web-02").operations.get())
    assert operation.state == OperationState.IN_PROGRESS
    assert ReimageOperation.objects.get(pk=operation.pk).operation_url
