"""The only writer of signs of life, by the database's clock: hosts need not agree on the time."""

from datetime import timedelta

from django.db.models import DateTimeField, ExpressionWrapper, Value
from django.db.models.expressions import Combinable
from django.db.models.functions import Now

from portal.health.models import DutyRun, Heartbeat, ProcessRole

KEEP_DEAD = timedelta(days=1)


def beat(*, role: ProcessRole, identity: str, silent_seconds: float | None) -> None:
    """The process lives; its broker was last heard so many seconds ago (None: never). Clears the long dead."""
    signs: dict[str, Combinable] = {"seen_at": Now()}
    if silent_seconds is not None:
        signs["heard_at"] = ago(timedelta(seconds=silent_seconds))
    if not Heartbeat.objects.filter(identity=identity).update(**signs):
        Heartbeat.objects.create(role=role, identity=identity, started_at=Now(), **{"heard_at": None, **signs})
    Heartbeat.objects.filter(seen_at__lt=ago(KEEP_DEAD)).delete()


def end(*, identity: str) -> None:
    """The process ends in order: nobody shall miss it."""
    Heartbeat.objects.filter(identity=identity).delete()


def duty_ended(name: str) -> None:
    """A duty was done."""
    if not DutyRun.objects.filter(name=name).update(ended_at=Now()):
        DutyRun.objects.update_or_create(name=name, defaults={"ended_at": Now()})


def age_of_oldest(role: ProcessRole) -> float | None:
    """Seconds since the first of the processes that are known began; None if none is."""
    times = Heartbeat.objects.filter(role=role).annotate(now=Now()).order_by("started_at")
    first = times.values_list("started_at", "now").first()
    return (first[1] - first[0]).total_seconds() if first else None


def ago(span: timedelta) -> Combinable:
    """A moment in the past, by the database's clock."""
    return ExpressionWrapper(Now() - Value(span), output_field=DateTimeField())
