"""A process's pulse: what it writes, what it forgets, and that nothing of it can end the process."""

from datetime import timedelta
from types import SimpleNamespace

import pytest
from django.db import OperationalError
from django.utils import timezone

from portal.health import heartbeats, processes, pulse
from portal.health.models import DutyRun, Heartbeat, ProcessRole
from portal.health.pulse import Pulse
from tests.health.signs_of_life import process

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def one_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    """A beat of a test is made by the test's own thread, whose transaction is the test's."""
    monkeypatch.setattr(pulse, "close_old_connections", lambda: None)


def test_a_beat_says_that_the_process_lives_and_has_not_heard_yet() -> None:
    Pulse(ProcessRole.WORKER).beat()
    row = Heartbeat.objects.get()
    assert (row.role, row.heard_at) == (ProcessRole.WORKER, None)
    assert row.started_at <= row.seen_at


def test_it_remembers_when_it_last_heard() -> None:
    heard = Pulse(ProcessRole.WORKER)
    heard.hear()
    heard.beat()
    first = Heartbeat.objects.get()
    assert first.heard_at is not None
    assert timedelta(0) <= first.seen_at - first.heard_at < timedelta(seconds=30)
    heard.beat()
    again = Heartbeat.objects.get()
    assert again.seen_at >= first.seen_at
    assert again.started_at == first.started_at


def test_its_name_tells_nothing_of_the_host() -> None:
    names = {Pulse(ProcessRole.WORKER).identity for _ in range(3)}
    assert len(names) == 3
    assert all(len(name) == 32 and int(name, 16) for name in names)


def test_a_dead_process_is_forgotten_after_a_day() -> None:
    process(ProcessRole.WORKER, unseen=23 * 3600, name="recently")
    process(ProcessRole.WORKER, unseen=25 * 3600, name="long-ago")
    Pulse(ProcessRole.WORKER).beat()
    assert set(Heartbeat.objects.exclude(seen_at__gte=timezone.now() - timedelta(hours=1)).values_list("identity")) == {
        ("recently",)
    }


def test_a_process_that_ends_in_order_is_not_missed() -> None:
    ended = Pulse(ProcessRole.WORKER)
    ended.beat()
    heartbeats.end(identity=ended.identity)
    assert not Heartbeat.objects.exists()


def test_a_database_that_is_away_costs_a_beat_and_not_the_process(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def refuse(**_: object) -> None:
        raise OperationalError("secret words of the driver")

    monkeypatch.setattr(heartbeats, "beat", refuse)
    Pulse(ProcessRole.WORKER).beat()
    assert "heartbeat.lost" in caplog.text
    assert "secret words" not in caplog.text


def test_a_duty_has_one_row_however_often_it_is_done() -> None:
    for _ in range(2):
        heartbeats.duty_ended("sweep")
    assert DutyRun.objects.count() == 1


def test_a_message_is_heard_by_the_worker_and_a_publication_by_beat(monkeypatch: pytest.MonkeyPatch) -> None:
    worker, beat = Pulse(ProcessRole.WORKER), Pulse(ProcessRole.BEAT)
    monkeypatch.setattr(processes, "_pulses", [worker, beat])
    processes._worker_hears()
    worker.beat()
    beat.beat()
    heard = dict(Heartbeat.objects.values_list("role", "heard_at"))
    assert heard[ProcessRole.WORKER] is not None
    assert heard[ProcessRole.BEAT] is None
    processes._beat_publishes()
    beat.beat()
    assert Heartbeat.objects.get(role=ProcessRole.BEAT).heard_at is not None


def test_its_thread_beats_until_it_is_stopped_and_takes_its_row_along(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[int] = []
    stopping = Pulse(ProcessRole.WORKER, beat_seconds=0)
    monkeypatch.setattr(pulse, "connection", SimpleNamespace(close=lambda: seen.append(-1)))
    real = stopping.beat

    def beat_and_stop_at_the_third() -> None:
        real()
        seen.append(Heartbeat.objects.count())
        if len(seen) == 3:
            stopping._stopped.set()

    monkeypatch.setattr(stopping, "beat", beat_and_stop_at_the_third)
    stopping._run()
    assert seen == [1, 1, 1, -1]  # the last: its connection is closed
    assert not Heartbeat.objects.exists()


def test_an_end_that_cannot_be_written_is_logged(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def refuse(**_: object) -> None:
        raise OperationalError

    monkeypatch.setattr(heartbeats, "end", refuse)
    Pulse(ProcessRole.BEAT)._end()
    assert "heartbeat.lost" in caplog.text


def test_worker_and_beat_each_begin_one_pulse_and_end_it(monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[tuple[str, str]] = []
    monkeypatch.setattr(processes, "_pulses", [])
    monkeypatch.setattr(Pulse, "start", lambda self: told.append(("start", self.role)))
    monkeypatch.setattr(Pulse, "stop", lambda self: told.append(("stop", self.role)))
    processes._worker_begins()
    processes._worker_ends()
    processes._beat_begins()
    assert told == [("start", ProcessRole.WORKER), ("stop", ProcessRole.WORKER), ("start", ProcessRole.BEAT)]
