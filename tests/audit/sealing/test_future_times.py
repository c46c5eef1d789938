"""A clock that was set back hides from the verifier neither unsealed events nor checkpoints without an anchor."""

from datetime import datetime, timedelta
from itertools import chain, repeat
from types import SimpleNamespace

import pytest
from django.utils import timezone

from portal.audit import services, tasks
from portal.audit.verification import log as verification
from portal.audit.verification.verdict import BEHIND, SOUND
from tests.audit.sealing.logs import SealedLog


def record_at(monkeypatch: pytest.MonkeyPatch, log: SealedLog, moment: datetime, count: int = 1) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(services.timezone, "now", lambda: moment)
        log.record(count)


def test_unsealed_events_of_tomorrow_are_behind(log: SealedLog, monkeypatch: pytest.MonkeyPatch) -> None:
    """The key is lost, and the clock was a day ahead: for a day nothing would be old."""
    log.grow(2)
    log.key_file.unlink()
    now = timezone.now()
    record_at(monkeypatch, log, now + timedelta(days=1), count=50)
    tasks.seal()
    verdict = log.verify(now=now + timedelta(hours=12))
    assert (verdict.exit_code, verdict.behind) == (
        BEHIND,
        ["50 events wait for the sealer with a time in the future: a clock was ahead, or set back"],
    )


def test_a_checkpoint_of_tomorrow_without_an_anchor_is_behind(log: SealedLog) -> None:
    log.grow(1)
    now = timezone.now()
    log.record(1)
    log.seal(now=now + timedelta(days=1))
    assert log.verify(now=now).behind == ["what was sealed after #1 is not anchored"]
    log.anchor()
    assert log.verify(now=now).exit_code == SOUND


def test_what_is_recorded_during_a_long_verification_is_not(log: SealedLog, monkeypatch: pytest.MonkeyPatch) -> None:
    log.grow(1)
    now = timezone.now()
    record_at(monkeypatch, log, now + timedelta(minutes=59))
    an_hour = chain([0.0], repeat(3600.0))
    monkeypatch.setattr(verification, "time", SimpleNamespace(monotonic=lambda: next(an_hour)))
    assert log.verify(now=now).exit_code == SOUND
