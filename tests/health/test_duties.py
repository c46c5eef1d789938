"""What beat rings for is known to be done, or is taken up once, by one of those that find it overdue."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from portal.audit import tasks as audit_tasks
from portal.health import duties
from portal.health.models import DutyRun
from portal.identity import tasks as identity_tasks

pytestmark = pytest.mark.django_db
LIMITS = {"seal": 20.0, "inventory": 300.0}


def run(name: str, *, ended: float | None = None, taken: float | None = None) -> None:
    """As it was so many seconds ago."""
    now = timezone.now()
    times = {"ended_at": ended, "taken_at": taken}
    DutyRun.objects.create(
        name=name, **{field: None if ago is None else now - timedelta(seconds=ago) for field, ago in times.items()}
    )


def test_what_was_done_lately_is_left_alone_at_the_cost_of_one_query() -> None:
    run("seal", ended=10)
    run("inventory", ended=200, taken=900)
    with CaptureQueriesContext(connection) as queries:
        assert duties.take_overdue(LIMITS) == []
    assert len(queries) == 1


def test_each_has_a_limit_of_its_own() -> None:
    run("seal", ended=200)
    run("inventory", ended=200)
    assert duties.take_overdue(LIMITS) == ["seal"]


def test_it_is_taken_once_until_it_is_overdue_again() -> None:
    run("seal", ended=200)
    run("inventory", ended=1)
    assert duties.take_overdue(LIMITS) == ["seal"]
    assert duties.take_overdue(LIMITS) == []
    DutyRun.objects.update(taken_at=timezone.now() - timedelta(seconds=21))
    assert duties.take_overdue(LIMITS) == ["seal"]


def test_the_time_of_what_was_never_done_runs_from_the_first_look() -> None:
    for _ in range(2):
        assert duties.take_overdue(LIMITS) == []
    assert DutyRun.objects.filter(ended_at__isnull=True).count() == 2
    DutyRun.objects.update(taken_at=timezone.now() - timedelta(seconds=301))
    assert duties.take_overdue(LIMITS) == ["seal", "inventory"]


def test_a_time_in_the_future_is_no_promise_that_it_was_done() -> None:
    """The database's clock was set back by an hour: for an hour nothing would be sealed, mailed or told."""
    run("seal", ended=-3_600)
    run("inventory", ended=-3_600, taken=-3_600)
    assert duties.take_overdue(LIMITS) == ["seal", "inventory"]
    assert duties.take_overdue(LIMITS) == []


def test_whoever_comes_second_takes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Both found it overdue; the other one was faster."""
    run("seal", ended=200, taken=1)
    monkeypatch.setattr(duties, "_overdue", lambda limits, real=duties._overdue: real(limits))
    assert duties._take("seal", 20) is False


def test_what_a_message_brought_leaves_its_sign() -> None:
    audit_tasks.seal.apply()
    identity_tasks.clear_sessions.apply()
    assert set(DutyRun.objects.exclude(ended_at=None).values_list("name", flat=True)) == {"seal", "sessions"}


def test_what_failed_leaves_none(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(**_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(audit_tasks, "_seal", fail)
    audit_tasks.seal.apply()
    assert not DutyRun.objects.exists()
