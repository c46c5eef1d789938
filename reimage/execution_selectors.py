"""Reads of what holds execution up: for pages, probes and metrics. Writes nothing."""

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime

from django.conf import settings
from django.db.models import Count, Q, QuerySet

from reimage.domain.operation_states import WORKER_STATES, OperationState
from reimage.models import AlarmKind, ExecutionAlarm, ExecutionPause, ReimageBreaker, ReimageOperation

PAUSED = "paused"
BREAKER_TRIPPED = "breaker_tripped"
# What an operation notes while it waits for the thing that the alarm is about.
NOTES = {
    AlarmKind.AZURE_REFUSES: ("identity_refused", "azure_forbids"),
    AlarmKind.SEALING_KEY_MISSING: ("sealing_key_missing",),
    AlarmKind.STEP_KEEPS_CRASHING: ("step_keeps_crashing",),
}
HOLDING_UP = (PAUSED, BREAKER_TRIPPED, AlarmKind.AZURE_REFUSES, AlarmKind.SEALING_KEY_MISSING)
# Each passes by itself, and comes back as long as Azure, or the way to it, is silent or slow: only its length tells.
SILENCE = ("azure_unavailable", "not_sent", "too_late_to_send")


@dataclass(frozen=True)
class Alarm:
    """`kind` is a word of AlarmKind, `paused` or `breaker_tripped`; `params` fill its text."""

    kind: str
    since: datetime
    params: dict[str, object] = field(default_factory=dict)


def current_pause() -> ExecutionPause | None:
    """The pause, while execution is paused."""
    return ExecutionPause.objects.filter(paused_at__isnull=False).first()


def tripped_breakers() -> QuerySet[ReimageBreaker]:
    """The subscriptions whose reimages wait for an administrator; none while the breaker is switched off."""
    tripped = ReimageBreaker.objects.filter(tripped_at__isnull=False)
    return tripped if settings.BREAKER_REIMAGES else tripped.none()


def alarms() -> list[Alarm]:
    """What holds execution up without anybody having meant it; two queries, of tables that are all but empty."""
    raised = [Alarm(alarm.kind, alarm.raised_at) for alarm in ExecutionAlarm.objects.all()]
    return raised + [_tripped(breaker) for breaker in tripped_breakers()]


def execution_alarms() -> list[Alarm]:
    """The same, and a pause, which somebody did mean: for probes and metrics."""
    pause = current_pause()
    paused = [Alarm(PAUSED, pause.paused_at, {"reason": pause.reason})] if pause and pause.paused_at else []
    return paused + alarms()


def holding_up(subscription_ids: Collection[str]) -> list[str]:
    """The kinds of what would hold up reimages in these subscriptions now, a pause among them.

    A step that keeps crashing is one operation's own: it holds up no other. Nor does an alarm of a later version's, as
    far as this one knows.
    """
    return [
        alarm.kind
        for alarm in execution_alarms()
        if alarm.kind in HOLDING_UP
        and (alarm.kind != BREAKER_TRIPPED or alarm.params["subscription_id"] in subscription_ids)
    ]


def waiting_by_note(codes: Collection[str]) -> dict[str, int]:
    """How many operations wait for each of these reasons."""
    waiting = ReimageOperation.objects.filter(state__in=WORKER_STATES, note__code__in=list(codes))
    return dict(waiting.order_by().values_list("note__code").annotate(Count("pk")))


def waiting_behind(breaker: ReimageBreaker) -> int:
    """How many operations wait for this breaker."""
    mine = Q(resource_key__startswith=f"/subscriptions/{breaker.subscription_id}/", note__code=BREAKER_TRIPPED)
    return ReimageOperation.objects.filter(mine, state__in=WORKER_STATES).count()


def operations_needing_attention() -> QuerySet[ReimageOperation]:
    """What evidence could not settle and waits for an administrator, the oldest first."""
    waiting = ReimageOperation.objects.filter(state=OperationState.NEEDS_ATTENTION)
    return waiting.order_by("submitted_at", "pk")


def _tripped(breaker: ReimageBreaker) -> Alarm:
    assert breaker.tripped_at is not None  # noqa: S101  # as the query asks
    limit = {"reimages": settings.BREAKER_REIMAGES, "minutes": settings.BREAKER_MINUTES}
    return Alarm(BREAKER_TRIPPED, breaker.tripped_at, {"subscription_id": breaker.subscription_id, **limit})
