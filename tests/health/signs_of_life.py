"""Rows as processes would have written them, for tests of what is made of them."""

from datetime import timedelta

from django.utils import timezone

from portal.health.models import DutyRun, Heartbeat, ProcessRole


def process(
    role: ProcessRole, *, unseen: float = 1, silent: float | None = 1, started: float = 3600, name: str = ""
) -> Heartbeat:
    """A process: seconds since it was seen, since it heard (None: never), since it began."""
    now = timezone.now()
    return Heartbeat.objects.create(
        role=role,
        identity=name or f"{role}-{Heartbeat.objects.count()}",
        started_at=now - timedelta(seconds=started),
        seen_at=now - timedelta(seconds=unseen),
        heard_at=None if silent is None else now - timedelta(seconds=silent),
    )


def done(duty: str, age: float) -> DutyRun:
    """A duty was done so many seconds ago."""
    ended_at = timezone.now() - timedelta(seconds=age)
    return DutyRun.objects.update_or_create(name=duty, defaults={"ended_at": ended_at})[0]


def swept(age: float = 1) -> DutyRun:
    """A sweep ended so many seconds ago."""
    return done("sweep", age)


def all_is_well() -> None:
    """A worker, beat and a sweep as they should be."""
    process(ProcessRole.WORKER)
    process(ProcessRole.BEAT)
    swept()
