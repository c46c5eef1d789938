"""What beat rings for, again and again, and whether somebody did it: the rest is for whoever finds it overdue."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from celery import current_app, signals
from django.db.models import Q
from django.db.models.functions import Now

from portal.health.heartbeats import ago, duty_ended
from portal.health.models import DutyRun


@signals.task_success.connect
def _duty_came_by_message(sender: Any, **_: object) -> None:
    """Any of beat's that a message brought and a worker did."""
    for name, entry in current_app.conf.beat_schedule.items():
        if entry["task"] == sender.name:
            duty_ended(name)


def age_of(name: str) -> float | None:
    """Seconds since a duty was last done, or for which it cannot be so, after the clock was set back; None if never."""
    times = DutyRun.objects.filter(name=name).annotate(now=Now()).values_list("ended_at", "now").first()
    if times is None or times[0] is None:
        return None
    return float(abs((times[1] - times[0]).total_seconds()))


def take_overdue(limits: Mapping[str, float]) -> list[str]:
    """Names of those that nobody ended or took up for longer than their limit (seconds), now taken by the caller.

    One query where none is. The time of a duty that was never done runs from the first look.
    """
    runs = DutyRun.objects.filter(name__in=limits)
    known = set(runs.values_list("name", flat=True).exclude(_overdue(limits)))
    return [name for name in limits if name not in known and _take(name, limits[name])]


def _overdue(limits: Mapping[str, float]) -> Q:
    conditions = Q(pk__in=())
    for name, limit in limits.items():
        conditions |= Q(name=name) & _long_ago("ended_at", limit) & _long_ago("taken_at", limit)
    return conditions


def _long_ago(field: str, seconds: float) -> Q:
    """Or never, or as far in the future: the clock was set back since, and nobody knows how long ago that was."""
    past, future = ago(timedelta(seconds=seconds)), ago(-timedelta(seconds=seconds))
    return Q(**{f"{field}__isnull": True}) | Q(**{f"{field}__lt": past}) | Q(**{f"{field}__gt": future})


def _take(name: str, limit: float) -> bool:
    """One of several that find it overdue."""
    if DutyRun.objects.filter(_overdue({name: limit})).update(taken_at=Now()):
        return True
    DutyRun.objects.get_or_create(name=name, defaults={"taken_at": Now()})
    return False
