"""The sweeper inside a worker: idle while messages come, at work when they do not, never in the way of shutdown."""

from collections.abc import Iterator
from datetime import timedelta
from threading import Event
from typing import Any

import pytest
from django.db import OperationalError
from django.utils import timezone
from pytest_django import Settings

from portal.celery import app
from portal.identity.models import User
from reimage import sweeper, tasks
from reimage.models import ReimageOperation
from reimage.services import leases
from reimage.sweeper import Sweeper
from tests.sandbox_process import SandboxProcess
from tests.stories import approved

PATIENCE_SECONDS = 60


@pytest.fixture
def advanced(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The operations that were taken up."""
    ids: list[int] = []
    monkeypatch.setattr(sweeper, "_advance", ids.append)
    return ids


@pytest.fixture
def own(monkeypatch: pytest.MonkeyPatch) -> Iterator[Sweeper]:
    """A sweeper that looks when it is told, on the test's own database connection."""
    monkeypatch.setattr(sweeper, "close_old_connections", lambda: None)
    made = Sweeper()
    yield made
    made.finish()


def overdue_by(seconds: float) -> None:
    ReimageOperation.objects.update(next_at=timezone.now() - timedelta(seconds=seconds))


def test_it_leaves_alone_what_a_message_may_still_come_for(
    azure: SandboxProcess, alice: User, bob: User, own: Sweeper, advanced: list[int], settings: Settings
) -> None:
    approved(alice, bob, "web-01")
    settings.SWEEPER_GRACE_SECONDS = 100
    overdue_by(60)
    own.look()
    own.finish()
    assert advanced == []


def test_it_takes_up_what_is_long_overdue_and_says_so(
    azure: SandboxProcess,
    alice: User,
    bob: User,
    own: Sweeper,
    advanced: list[int],
    settings: Settings,
    caplog: pytest.LogCaptureFixture,
) -> None:
    operation = approved(alice, bob, "web-01").operations.get()
    settings.SWEEPER_GRACE_SECONDS = 100
    overdue_by(110)
    own.look()
    own.finish()
    assert advanced == [operation.pk]
    assert "sweeper.no_message_came" in caplog.text


def test_it_does_not_take_up_twice_what_it_has_in_hand(
    azure: SandboxProcess, alice: User, bob: User, own: Sweeper, monkeypatch: pytest.MonkeyPatch
) -> None:
    approved(alice, bob, "web-01")
    overdue_by(1_000)
    begun, go_on, ids = Event(), Event(), []

    def slowly(operation_id: int) -> None:
        ids.append(operation_id)
        begun.set()
        go_on.wait(PATIENCE_SECONDS)

    monkeypatch.setattr(sweeper, "_advance", slowly)
    own.look()
    assert begun.wait(PATIENCE_SECONDS)
    own.look()
    go_on.set()
    own.finish()
    assert len(ids) == 1


@pytest.mark.parametrize(("ago", "expected"), [(29, 0), (31, 1)])
def test_it_does_the_duties_when_no_sweep_did_them_lately(
    db: None, own: Sweeper, monkeypatch: pytest.MonkeyPatch, ago: float, expected: int
) -> None:
    done: list[bool] = []
    monkeypatch.setattr(tasks, "do_duties", lambda: done.append(True))
    monkeypatch.setattr(type(tasks.duties_done), "seconds_ago", ago)
    own.look()
    assert len(done) == expected


def test_a_sweep_counts_as_having_done_them(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tasks.duties_done, "_at", tasks.duties_done._at - 1_000)
    tasks.do_duties()
    assert tasks.duties_done.seconds_ago < 1_000


def test_it_looks_again_after_a_database_that_was_away(monkeypatch: pytest.MonkeyPatch) -> None:
    looks: list[int] = []
    enough = Event()

    def away(*_: Any, **__: Any) -> list[int]:
        looks.append(1)
        if len(looks) == 3:
            enough.set()
        raise OperationalError("the server closed the connection unexpectedly")

    monkeypatch.setattr(leases, "due_operation_ids", away)
    monkeypatch.setattr(sweeper, "LOOK_SECONDS", 0)
    own = Sweeper()
    own.start()
    assert enough.wait(PATIENCE_SECONDS)
    own.stop()
    assert not own._looking.is_alive()


def test_a_step_that_fails_before_its_claim_hurts_nobody(
    own: Sweeper, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def away(_: int) -> None:
        raise OperationalError("the server closed the connection unexpectedly")

    monkeypatch.setattr(sweeper.execution, "advance_operation", away)
    sweeper._advance(7)
    assert "sweeper.not_advanced" in caplog.text


def test_stopping_lets_a_step_finish(monkeypatch: pytest.MonkeyPatch) -> None:
    begun, finished = Event(), []

    def step(_: int) -> None:
        begun.set()
        own._ended.wait(PATIENCE_SECONDS)
        finished.append(True)

    monkeypatch.setattr(sweeper, "_advance", step)
    monkeypatch.setattr(leases, "due_operation_ids", lambda *_, **__: [7])
    monkeypatch.setattr(sweeper, "LOOK_SECONDS", 0)
    own = Sweeper()
    own.start()
    assert begun.wait(PATIENCE_SECONDS)
    own.stop()
    assert finished == [True]


def test_every_worker_has_one() -> None:
    assert "reimage.sweeper:SweeperStep" in app.steps["worker"]
