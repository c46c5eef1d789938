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
from portal.health.models import DutyRun
from portal.identity.models import Session, User
from portal.identity.session_store import SessionStore
from reimage import sweeper, tasks
from reimage.models import ReimageOperation
from reimage.services import leases
from reimage.sweeper import Sweeper
from tests.cast import client_of
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


def test_duties_do_not_wait_behind_operations(
    azure: SandboxProcess, alice: User, bob: User, own: Sweeper, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each of them may take half a minute while Azure is silent, and there may be two hundred."""
    for name in ("web-01", "web-02", "web-03", "web-04")[: sweeper.THREADS]:
        approved(alice, bob, name)
    overdue_by(1_000)
    every_duty_ended(1_000_000)
    go_on, done = Event(), Event()
    monkeypatch.setattr(sweeper, "_advance", lambda _id: go_on.wait(PATIENCE_SECONDS))
    monkeypatch.setattr(sweeper, "_do_duty", lambda _name, _task: done.set())
    own.look()
    was_done = done.wait(PATIENCE_SECONDS / 2)
    go_on.set()
    own.finish()
    assert was_done


def every_duty_ended(seconds_ago: float) -> None:
    for name in app.conf.beat_schedule:
        DutyRun.objects.update_or_create(
            name=name, defaults={"ended_at": timezone.now() - timedelta(seconds=seconds_ago)}
        )


@pytest.fixture
def done(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The duties that were taken up."""
    names: list[str] = []
    monkeypatch.setattr(sweeper, "_do_duty", lambda name, _task: names.append(name))
    return names


@pytest.mark.parametrize(
    ("ago", "expected"),
    [
        (2, set()),
        (60, {"sweep", "seal"}),
        (400, {"sweep", "seal", "inventory"}),
        (700, {"sweep", "seal", "inventory", "seal-all"}),
        (90_000, {"sweep", "seal", "inventory", "seal-all", "sessions"}),
    ],
)
def test_it_takes_up_whatever_duty_nobody_did(
    db: None, own: Sweeper, done: list[str], ago: float, expected: set[str], caplog: pytest.LogCaptureFixture
) -> None:
    every_duty_ended(ago)
    for _ in range(2):
        own.look()
    own.finish()
    assert sorted(done) == sorted(expected)
    assert ("sweeper.duty_taken_up" in caplog.text) is bool(expected)


def test_a_sweeper_that_ends_takes_up_none(db: None, own: Sweeper, done: list[str]) -> None:
    every_duty_ended(90_000)
    own._ended.set()
    own.look()
    own.finish()
    assert done == []


def test_a_duty_is_the_task_that_beat_rings_for(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sweeper, "close_old_connections", lambda: None)
    app.loader.import_default_modules()  # as a worker does when it begins
    SessionStore().create()
    Session.objects.update(expire_date=timezone.now() - timedelta(days=1))
    sweeper._do_duty("sessions", app.conf.beat_schedule["sessions"]["task"])
    assert not Session.objects.exists()
    assert DutyRun.objects.get().ended_at is not None


def test_instead_of_ringing_a_dead_broker_it_does_what_a_sweep_does_besides(
    db: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sweeper, "close_old_connections", lambda: None)
    monkeypatch.setattr(tasks.doorbell, "ring", lambda ids: pytest.fail("it rang"))
    sweeper._do_duty("sweep", "reimage.tasks.sweep")
    assert DutyRun.objects.get().name == "sweep"


def test_a_failure_that_a_duty_expects_is_a_line_without_a_traceback(
    alice: User, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Nobody listens where Entra ID should be."""
    monkeypatch.setattr(sweeper, "close_old_connections", lambda: None)
    client_of(alice)
    sweeper._do_duty("accounts", "portal.identity.tasks.end_sessions_of_closed_accounts")
    [told] = [record for record in caplog.records if "sweeper.duty_failed" in record.getMessage()]
    assert (told.levelname, told.exc_info) == ("WARNING", None)
    assert not DutyRun.objects.exists()


def test_a_duty_that_fails_is_not_taken_for_done(
    db: None, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(sweeper, "close_old_connections", lambda: None)
    monkeypatch.setitem(sweeper.INSTEAD, "sweep", lambda: 1 / 0)
    sweeper._do_duty("sweep", "reimage.tasks.sweep")
    assert "sweeper.duty_failed" in caplog.text
    assert not DutyRun.objects.exists()


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
    monkeypatch.setattr(sweeper.duties, "take_overdue", lambda _limits: [])
    monkeypatch.setattr(sweeper, "LOOK_SECONDS", 0)
    own = Sweeper()
    own.start()
    assert begun.wait(PATIENCE_SECONDS)
    own.stop()
    assert finished == [True]


def test_every_worker_has_one() -> None:
    assert "reimage.sweeper:SweeperStep" in app.steps["worker"]
