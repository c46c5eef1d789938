"""Raises an alarm as soon as an operation waits for what only an administrator can mend, and clears it by itself.

The operations' own notes are the evidence, and whoever waits to see a password: once none has told of it for a while,
the alarm is over, and nobody has to confirm it.
"""

from datetime import datetime, timedelta

import structlog
from django.db import transaction

from portal.audit.actors import Actor, Target
from portal.audit.catalogue import AuditAction
from portal.audit.services import record
from reimage import audit_actions
from reimage.execution_selectors import NOTES, waiting_by_note
from reimage.models import AlarmKind, ExecutionAlarm
from reimage.services import notification, view_answers

CALM = timedelta(minutes=5)  # a trouble that comes and goes is one alarm, and one mail
SEEN_EVERY = timedelta(seconds=30)
log = structlog.get_logger(__name__)


def watch_execution(*, now: datetime) -> None:
    """Raises what is new at once, clears what has been over for a while; harmless when several do it at once."""
    waiting = waiting_by_note([code for codes in NOTES.values() for code in codes])
    waiting["sealing_key_missing"] = waiting.get("sealing_key_missing", 0) + view_answers.views_without_key()
    raised = {alarm.kind: alarm for alarm in ExecutionAlarm.objects.all()}  # among them, maybe, a later version's
    for kind, codes in NOTES.items():
        held_up, alarm = sum(waiting.get(code, 0) for code in codes), raised.get(kind)
        if held_up and alarm is None:
            _raise(kind, held_up, now)
        elif held_up and alarm is not None:
            _see(alarm, now)
        elif alarm is not None and now - _last_seen(alarm) >= CALM:
            _clear(kind, alarm)


def _last_seen(alarm: ExecutionAlarm) -> datetime:
    return alarm.seen_at or alarm.raised_at


def _raise(kind: AlarmKind, held_up: int, now: datetime) -> None:
    with transaction.atomic():
        _alarm, is_new = ExecutionAlarm.objects.get_or_create(kind=kind, defaults={"raised_at": now, "seen_at": now})
        if not is_new:
            return
        _record(audit_actions.ALARM_RAISED, kind, held_up)
        notification.announce_alarm(kind.value, {}, now=now)
    log.error("execution.alarm_raised", kind=kind.value, operations=held_up)


def _see(alarm: ExecutionAlarm, now: datetime) -> None:
    """Not at each look: a few seconds do not matter."""
    if now - _last_seen(alarm) >= SEEN_EVERY:
        ExecutionAlarm.objects.filter(pk=alarm.pk).update(seen_at=now)


def _clear(kind: AlarmKind, alarm: ExecutionAlarm) -> None:
    with transaction.atomic():
        deleted, _by_model = ExecutionAlarm.objects.filter(pk=alarm.pk, seen_at=alarm.seen_at).delete()
        if not deleted:
            return
        _record(audit_actions.ALARM_CLEARED, kind, 0)
    log.warning("execution.alarm_cleared", kind=kind.value)


def _record(action: AuditAction, kind: AlarmKind, held_up: int) -> None:
    target = Target("execution", kind.value, kind.value)
    record(action=action, actor=Actor.system("sweeper"), target=target, detail={"operations": held_up})
