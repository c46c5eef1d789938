"""Several workers at once, on a database with row locks: nothing slips between a guard and the intent's commit.

SQLite lets one transaction write at a time (settings.py: IMMEDIATE), so there is nothing to race there.
"""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from typing import Any

import pytest
from django.db import OperationalError, connection, transaction
from django.db.models.functions import Now

from portal.audit.actors import Actor
from portal.identity.models import User
from reimage.domain.operation_states import OperationState
from reimage.domain.plan import ReimagePlan
from reimage.models import ExecutionPause, ReimageBreaker, ReimageOperation, UpdateBucket
from reimage.services import breaker, buckets, gates, pausing
from reimage.services.buckets import PER_REGION
from reimage.services.clock import database_now
from reimage.services.hindrance import Hindered
from reimage.services.leases import claim, commit
from tests.sandbox_process import PRODUCTION, SandboxProcess
from tests.stories import approved

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(not connection.features.has_select_for_update, reason="SQLite has one writer at a time"),
]
OPERATOR = Actor.system("test")
GENEROUS = 60  # seconds; only a test that is broken waits for it
NAMES = ("web-01", "web-02", "web-03", "web-04", "batch-01")


def worker(work: Callable[..., Any], *args: Any) -> Any:
    """A thread has a connection of its own, and must leave none behind."""
    try:
        return work(*args)
    finally:
        connection.close()


@contextmanager
def intent_before_its_commit() -> Iterator[None]:
    """Another worker has passed the switch, and has not committed yet."""
    passed, may_commit = threading.Event(), threading.Event()

    def pass_and_wait() -> None:
        with transaction.atomic():
            pausing.refuse_while_paused(locked=True)
            passed.set()
            may_commit.wait(GENEROUS)

    with ThreadPoolExecutor(1) as elsewhere:
        other = elsewhere.submit(worker, pass_and_wait)
        assert passed.wait(GENEROUS)
        try:
            yield
        finally:
            may_commit.set()
        other.result(GENEROUS)


def wait_until_blocked() -> None:
    """Until some other connection waits for a lock of ours."""
    for _ in range(GENEROUS * 1_000):
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_sleep(0.001), count(*) FROM pg_locks WHERE NOT granted")
            if cursor.fetchone()[1]:
                return
    pytest.fail("nobody waits")


def test_a_pause_comes_after_the_intents_that_passed_before_it() -> None:
    with intent_before_its_commit():
        with connection.cursor() as cursor:
            cursor.execute("SET lock_timeout = '100ms'")
        with pytest.raises(OperationalError):
            pausing.pause(actor=OPERATOR, reason="Stop.")
        with connection.cursor() as cursor:
            cursor.execute("RESET lock_timeout")
    pausing.pause(actor=OPERATOR, reason="Stop.")


def test_an_intent_that_comes_during_a_pause_waits_and_then_sees_it() -> None:
    pausing.pause(actor=OPERATOR, reason="Once before.")
    pausing.resume(actor=OPERATOR)

    def pass_the_switch() -> None:
        with transaction.atomic():
            pausing.refuse_while_paused(locked=True)

    with ThreadPoolExecutor(1) as elsewhere:
        with transaction.atomic():
            pausing.pause(actor=OPERATOR, reason="Stop.")
            late: Future[None] = elsewhere.submit(worker, pass_the_switch)
            wait_until_blocked()
        with pytest.raises(Hindered):
            late.result(GENEROUS)


def test_two_intents_pass_the_switch_side_by_side() -> None:
    ExecutionPause.objects.get_or_create(pk=pausing.ONE)  # the very first intent ever makes the row, alone
    with intent_before_its_commit(), transaction.atomic():
        pausing.refuse_while_paused(locked=True)


def send(pk: int) -> bool:
    """A worker's intent, without its POST: whether it was committed."""
    held = claim(pk)
    assert held is not None
    plan = ReimagePlan.from_document(held.operation.plan)
    commit(held, OperationState.PREFLIGHT, keep_lease=True)
    try:
        commit(held, OperationState.SUBMITTING, submitted_at=Now(), gate=partial(gates.pass_reimage, held, plan))
    except Hindered as hindered:
        gates.hold(held, hindered)
        return False
    return True


def all_at_once(alice: User, bob: User) -> int:
    """How many of five workers' intents were committed, each for a request of its own."""
    operations = [approved(alice, bob, name).operations.get().pk for name in NAMES]
    ReimageOperation.objects.update(next_at=Now())
    with ThreadPoolExecutor(len(operations)) as workers:
        return sum(workers.map(partial(worker, send), operations))


def test_five_workers_together_count_as_one_does(azure: SandboxProcess, alice: User, bob: User, settings: Any) -> None:
    settings.BREAKER_REIMAGES = 3
    assert all_at_once(alice, bob) == 3
    assert ReimageOperation.objects.filter(state=OperationState.SUBMITTING).count() == 3
    assert ReimageBreaker.objects.get().tripped_at is not None


def test_what_was_let_through_is_not_used_twice(
    azure: SandboxProcess, alice: User, bob: User, dan: User, settings: Any
) -> None:
    settings.BREAKER_REIMAGES = 1
    ReimageBreaker.objects.create(subscription_id=PRODUCTION, tripped_at=database_now())
    breaker.release_breaker(administrator=dan, subscription_id=PRODUCTION, reimages=2)
    assert all_at_once(alice, bob) == 3


def test_tokens_are_not_given_twice(azure: SandboxProcess, alice: User, bob: User, monkeypatch: Any) -> None:
    slow = buckets.Limit(PER_REGION.policy, 1, 5)  # four are the portal's, and none comes anew within a test
    monkeypatch.setattr(buckets, "PER_REGION", slow)
    assert all_at_once(alice, bob) == 4
    assert UpdateBucket.objects.filter(key=f"{PRODUCTION}/japaneast").count() == 1
