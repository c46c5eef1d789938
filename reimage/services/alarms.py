"""Raises an alarm as soon as an operation waits for what only an administrator can mend, and clears it by itself.

The operations' own notes are the evidence: whatever mends them clears the alarm, and nobody has to confirm it.
"""

from datetime import datetime

import structlog
from django.db import transaction

from portal.audit.actors import Actor, Target
from portal.audit.catalogue import AuditAction
from portal.audit.services import record
from reimage import audit_actions
from reimage.execution_selectors import NOTES, waiting_by_note
from reimage.models import AlarmKind, ExecutionAlarm
from reimage.services import notification

log = structlog.get_logger(__name__)


def watch_execution(*, now: datetime) -> None:
    """Raises what is new, clears what is over; harmless when several do it at once."""
    waiting = waiting_by_note([code for codes in NOTES.values() for code in codes])
    raised = set(ExecutionAlarm.objects.values_list("kind", flat=True))
    for kind, codes in NOTES.items():
        held_up = sum(waiting.get(code, 0) for code in codes)
        if held_up and kind not in raised:
            _raise(kind, held_up, now)
        elif not held_up and kind in raised:
            _clear(kind)


def _raise(kind: AlarmKind, held_up: int, now: datetime) -> None:
    with transaction.atomic():
        _alarm, is_new = ExecutionAlarm.objects.get_or_create(kind=kind, defaults={"raised_at": now})
        if not is_new:
            return
        _record(audit_actions.ALARM_RAISED, kind, held_up)
        notification.announce_alarm(kind.value, {}, now=now)
    log.error("execution.alarm_raised", kind=kind.value, operations=held_up)


def _clear(kind: AlarmKind) -> None:
    with transaction.atomic():
        deleted, _by_model = ExecutionAlarm.objects.filter(kind=kind).delete()
        if not deleted:
            return
        _record(audit_actions.ALARM_CLEARED, kind, 0)
    log.warning("execution.alarm_cleared", kind=kind.value)


def _record(action: AuditAction, kind: AlarmKind, held_up: int) -> None:
    target = Target("execution", kind.value, kind.value)
    record(action=action, actor=Actor.system("sweeper"), target=target, detail={"operations": held_up})
