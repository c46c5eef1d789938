"""Reads the signs of life: who lives, who has gone deaf, what was last done. Two queries, however many there are."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.db.models.functions import Now

from portal.health.duties import age_of
from portal.health.models import Heartbeat, ProcessRole
from portal.health.readings import Check, Figure, Reading, single, within

ALIVE_SECONDS = 30.0  # six beats: a database that was away for a moment kills nobody
SWEEP = "sweep"


@dataclass(frozen=True)
class Sign:
    """One process: seconds since it was seen, and since it last heard (or began, if it never heard)."""

    role: str
    unseen: float
    silent: float


@dataclass(frozen=True)
class Vitals:
    """What the processes that live tell together; None where there is none to tell."""

    workers: int
    worker_silence: float | None
    beat_silence: float | None
    sweep_age: float | None

    @property
    def silence_limit(self) -> float:
        """A message goes to one worker: the more there are, the longer each waits for its turn."""
        return float(settings.READY_SILENCE_SECONDS * max(1, self.workers))

    @property
    def is_deaf(self) -> bool:
        """A worker hears nothing although there is something to hear."""
        is_published = self.beat_silence is not None and self.beat_silence <= settings.READY_SILENCE_SECONDS
        return is_published and self.worker_silence is not None and self.worker_silence > self.silence_limit


def read() -> Reading:
    """Checks and figures of the processes."""
    vitals = read_vitals()
    return Reading(_checks(vitals), _figures(vitals))


def read_vitals() -> Vitals:
    """By the database's clock, as the signs were written."""
    rows = Heartbeat.objects.annotate(now=Now()).values_list("role", "started_at", "seen_at", "heard_at", "now")
    signs = [_sign(*row) for row in rows]
    workers, beats = ([sign for sign in signs if sign.role == role] for role in (ProcessRole.WORKER, ProcessRole.BEAT))
    living = [sign for sign in workers if sign.unseen <= ALIVE_SECONDS]
    return Vitals(
        workers=len(living),
        worker_silence=max((sign.silent for sign in living), default=None),
        beat_silence=_latest(beats),
        sweep_age=age_of(SWEEP),
    )


def _sign(role: str, started_at: datetime, seen_at: datetime, heard_at: datetime | None, now: datetime) -> Sign:
    return Sign(role, _seconds(seen_at, now), _seconds(heard_at or started_at, now))


def _seconds(since: datetime, now: datetime) -> float:
    """A time to come is of before the clock was set back, and nobody knows how long ago that was; one that lives, and
    hears, writes anew within seconds."""
    return abs((now - since).total_seconds())


def _latest(beats: Sequence[Sign]) -> float | None:
    return min((sign.silent for sign in beats if sign.unseen <= ALIVE_SECONDS), default=None)


def _checks(vitals: Vitals) -> tuple[Check, ...]:
    silence = float(settings.READY_SILENCE_SECONDS)
    heard = None if vitals.worker_silence is None else round(vitals.worker_silence, 1)
    return (
        Check("worker_alive", vitals.workers > 0, vitals.workers, 1, unit="workers, at least"),
        Check("worker_hearing", heard is not None and not vitals.is_deaf, heard, vitals.silence_limit),
        within("beat_publishing", vitals.beat_silence, silence),
        within("sweep", vitals.sweep_age, silence),
    )


def _figures(vitals: Vitals) -> tuple[Figure, ...]:
    return (
        single("portal_workers", "Workers that are alive", vitals.workers),
        single("portal_worker_silence_seconds", "Since the quietest worker heard the broker", vitals.worker_silence),
        single("portal_beat_silence_seconds", "Since beat published a message", vitals.beat_silence),
        single("portal_sweep_age_seconds", "Since a sweep for due work ended", vitals.sweep_age),
    )
