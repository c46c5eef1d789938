"""What the capability tells of its work: due operations, who waits for whom, how old the inventory is.

Ended operations are left out: their number grows for ever, and the others are found by an index.
"""

from collections import Counter
from datetime import datetime

from django.conf import settings
from django.db.models import Count, Max, Min
from django.db.models.functions import Now

from portal.audit.models import AuditEvent
from portal.health.readings import Figure, Reading, single, within
from reimage import audit_actions, execution_selectors
from reimage.domain import request_states
from reimage.domain.operation_states import ACTIVE, CANCELABLE
from reimage.execution_selectors import Alarm
from reimage.models import AlarmKind, Notice, ReimageOperation, ReimageRequest
from reimage.services import leases


def read() -> Reading:
    """Nine queries, each by an index or of a table that is all but empty."""
    alarms = execution_selectors.execution_alarms()
    due, oldest = _due(alarms)
    return Reading(
        checks=(within("oldest_due", oldest, settings.READY_DUE_SECONDS),),
        figures=(
            _operations(),
            _requests(),
            single("reimage_due_operations", "Operations that a worker could advance now", due),
            single("reimage_oldest_due_age_seconds", "How long the oldest of them has been due", oldest),
            _alarms(alarms),
            single(
                "reimage_azure_silent_operations",
                "Operations to which Azure gave no answer when last asked",
                _unanswered(),
            ),
            *_notices(),
            single("reimage_inventory_age_seconds", "Since the inventory was last synchronized", _inventory_age()),
        ),
    )


def _due(alarms: list[Alarm]) -> tuple[int, float]:
    """What waits for a person, because of a pause or the breaker, waits for no worker, however long it has been due."""
    due = leases.due_operations()
    for alarm in alarms:
        if alarm.kind == execution_selectors.PAUSED:
            due = due.exclude(state__in=CANCELABLE)
        if alarm.kind == execution_selectors.BREAKER_TRIPPED:
            prefix = f"/subscriptions/{alarm.params['subscription_id']}/"
            due = due.exclude(state__in=CANCELABLE, resource_key__startswith=prefix)
    found = due.aggregate(count=Count("pk"), oldest=Min("next_at"), now=Max(Now()))
    return found["count"], _seconds(found["oldest"], found["now"]) or 0.0


def _unanswered() -> int:
    return sum(execution_selectors.waiting_by_note(execution_selectors.SILENCE).values())


def _alarms(alarms: list[Alarm]) -> Figure:
    kinds = (execution_selectors.PAUSED, execution_selectors.BREAKER_TRIPPED, *AlarmKind.values)
    raised = Counter(alarm.kind for alarm in alarms)
    values: dict[tuple[str, ...], float] = {(kind,): float(raised[kind]) for kind in kinds}
    return Figure("reimage_alarms", "What holds execution up, by kind", values, ("kind",))


def _seconds(since: datetime | None, now: datetime) -> float | None:
    return None if since is None else max(0.0, (now - since).total_seconds())


def _operations() -> Figure:
    rows = ReimageOperation.objects.filter(state__in=ACTIVE).order_by().values_list("state").annotate(Count("pk"))
    counts = {str(state): 0 for state in sorted(ACTIVE)} | dict(rows)
    return _by_state("reimage_operations", "Operations that have not ended, by state", counts)


def _requests() -> Figure:
    open_states = request_states.OPEN
    rows = ReimageRequest.objects.filter(state__in=open_states).order_by().values_list("state").annotate(Count("pk"))
    counts = {str(state): 0 for state in sorted(open_states)} | dict(rows)
    return _by_state("reimage_requests", "Requests that have not ended, by state", counts)


def _by_state(name: str, meaning: str, counts: dict[str, int]) -> Figure:
    return Figure(name, meaning, {(state,): float(count) for state, count in counts.items()}, ("state",))


def _notices() -> tuple[Figure, Figure]:
    found = Notice.objects.filter(next_at__isnull=False).aggregate(
        count=Count("pk"), oldest=Min("created_at"), now=Max(Now())
    )
    age = _seconds(found["oldest"], found["now"])
    return (
        single("reimage_notices_pending", "Mails that wait to be sent, or were given up of late", found["count"]),
        single("reimage_notices_oldest_age_seconds", "How long the oldest of them has waited", age or 0.0),
    )


def _inventory_age() -> float | None:
    events = AuditEvent.objects.filter(action=audit_actions.INVENTORY_SYNCHRONIZED.name).annotate(now=Now())
    last = events.order_by("-occurred_at", "-pk").values_list("occurred_at", "now").first()
    return _seconds(*last) if last else None
