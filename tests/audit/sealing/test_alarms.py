"""A sealer that has stopped, and a place that is away: told by figures, a check of /readyz, and the audit pages."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from pytest_django import Settings

from portal.audit import services, tasks
from portal.audit.figures import read
from portal.audit.models import AuditAnchor
from portal.audit.sealing import status
from portal.audit.sealing.status import backlog
from portal.environment import Environment
from tests.audit.sealing.logs import SealedLog
from tests.audit.sealing.tampering import run
from tests.audit.sealing.test_pages import page

BEHIND = 3
UNSEALED, SECONDS = "portal_audit_unsealed_events", "portal_audit_unsealed_seconds"


def figures() -> dict[str, float]:
    """By name, and by place in brackets."""
    return {
        figure.name + "".join(f"[{label}]" for label in labels): value
        for figure in read().figures
        for labels, value in figure.values.items()
    }


def is_sealed() -> bool | None:
    """What the check says; None where there is none."""
    return next((check.ok for check in read().checks if check.name == "audit_sealed"), None)


def record_at(monkeypatch: pytest.MonkeyPatch, log: SealedLog, count: int = 1, **ago: float) -> None:
    """Events of a moment so long ago."""
    with monkeypatch.context() as patch:
        patch.setattr(services.timezone, "now", lambda now=timezone.now(): now - timedelta(**ago))  # noqa: B008
        log.record(count)


def test_a_healthy_log_has_no_alarm(log: SealedLog, auditor: Client) -> None:
    log.grow(2)
    log.record(3)  # just now
    found = figures()
    assert (found[UNSEALED], is_sealed()) == (3, True)
    assert 0 <= found[SECONDS] < 30
    assert found["portal_audit_anchor_behind_seconds[file]"] == 0
    text = page(auditor, "/audit/")
    assert "A change of a sealed event can be proven." in text
    assert "tone-warn" not in text


def test_a_lost_key_raises_the_alarm_and_is_seen(
    log: SealedLog, auditor: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    log.grow(2)
    log.key_file.unlink()
    record_at(monkeypatch, log, count=2, hours=1)
    tasks.seal()
    assert (figures()[UNSEALED], is_sealed()) == (2, False)
    assert figures()[SECONDS] == pytest.approx(3600, abs=60)
    since = status.backlog().since
    text = page(auditor, "/audit/")
    assert since is not None
    assert f"Events that wait for the sealer since {timezone.localtime(since):%Y-%m-%d %H:%M %Z}: 2." in text
    assert '<span class="status tone-warn"><span aria-hidden="true">!</span>Sealed to #2</span>' in text
    assert "A change of a sealed event can be proven." not in text


def test_a_log_that_was_never_sealed_says_so_too(
    log: SealedLog, auditor: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    record_at(monkeypatch, log, hours=1)
    text = page(auditor, "/audit/")
    assert "Nothing is sealed yet" in text
    assert "Events that wait for the sealer since" in text
    assert is_sealed() is False


def test_a_clock_that_was_set_back_hides_nothing(
    log: SealedLog, auditor: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    log.grow(2)
    record_at(monkeypatch, log, hours=-12)
    assert (figures()[SECONDS], is_sealed()) == (pytest.approx(43_200, abs=60), False)
    assert "Events that wait for the sealer, with a time in the future: 1." in page(auditor, "/audit/")


def test_what_waits_is_counted_to_a_limit(log: SealedLog, auditor: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(status, "COUNTED", 3)
    record_at(monkeypatch, log, count=4, hours=1)
    assert figures()[UNSEALED] == 3
    assert ": 3+." in page(auditor, "/audit/")


def test_an_installation_that_seals_nothing_waits_for_no_sealer(
    settings: Settings, log: SealedLog, auditor: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.AUDIT_PUBLIC_KEYS = settings.AUDIT_SIGNING_KEY_FILE = ""
    settings.ENVIRONMENT = Environment({}, local=True)
    record_at(monkeypatch, log, hours=1)
    assert is_sealed() is None
    assert UNSEALED not in figures()
    assert "wait for the sealer" not in page(auditor, "/audit/")
    settings.ENVIRONMENT = Environment({}, local=False)
    assert is_sealed() is False


def test_a_place_that_is_away_is_told_by_its_name_and_for_how_long(log: SealedLog, auditor: Client) -> None:
    log.settings.AUDIT_ANCHOR_SYSLOG = str(log.folder / "nowhere")
    log.grow(1)
    began = timezone.now() - timedelta(hours=1)
    AuditAnchor.objects.filter(place="syslog").update(failing_since=began)
    log.grow(1)
    found = figures()
    assert found["portal_audit_anchor_behind_seconds[file]"] == 0
    assert found["portal_audit_anchor_behind_seconds[syslog]"] == pytest.approx(3600, abs=60)
    text = page(auditor, "/audit/")
    assert f"An anchor has been out of reach since {timezone.localtime(began):%Y-%m-%d %H:%M %Z}" in text
    assert '<span class="status tone-warn"><span aria-hidden="true">!</span>anchored to #0</span>' in text


def test_a_place_that_nobody_comes_to_is_told_by_what_it_lacks(log: SealedLog, auditor: Client) -> None:
    """A worker that hangs at a place notes no failure."""
    log.grow(1)
    log.record(1)
    log.seal(now=timezone.now() - timedelta(hours=1))
    assert AuditAnchor.objects.get().failing_since is None
    assert figures()["portal_audit_anchor_behind_seconds[file]"] == pytest.approx(3600, abs=60)
    assert "An anchor has been out of reach since" in page(auditor, "/audit/")


def test_the_figures_cost_the_same_for_many_events(log: SealedLog) -> None:
    def cost() -> int:
        with CaptureQueriesContext(connection) as captured:
            read()
        return len(captured)

    log.grow(1)
    cheap = cost()
    log.grow(50)
    log.record(50)
    assert cost() == cheap <= 5


def test_an_event_page_tells_the_same(log: SealedLog, auditor: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    (event,) = log.grow(1)
    record_at(monkeypatch, log, hours=1)
    assert "Events that wait for the sealer since" in page(auditor, f"/audit/{event.event_id}/")


@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite keeps what once had to have a value")
def test_an_event_that_waits_without_a_time_is_as_late_as_can_be(log: SealedLog) -> None:
    """A superuser took it away, so that nobody notices how long it waits."""
    log.grow(1)
    (waiting,) = log.record(1)
    run(
        "ALTER TABLE audit_auditevent ALTER COLUMN occurred_at DROP NOT NULL",
        f"UPDATE audit_auditevent SET occurred_at = NULL WHERE id = {waiting.pk}",
    )
    assert backlog().is_late
    assert log.verify().exit_code == BEHIND


def test_an_event_that_waits_with_a_time_that_is_none_is_as_late_as_can_be(log: SealedLog) -> None:
    log.grow(1)
    (waiting,) = log.record(1)
    none = "'infinity'" if connection.vendor == "postgresql" else "'x'"
    run(f"UPDATE audit_auditevent SET occurred_at = {none} WHERE id = {waiting.pk}")
    assert (backlog().events, backlog().is_late) == (1, True)
    assert log.verify().exit_code == BEHIND
