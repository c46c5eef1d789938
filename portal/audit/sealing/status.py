"""How far the log is sealed and anchored: for pages, alarms and figures."""

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Min

from portal.audit.models import AuditAnchor
from portal.audit.sealing.sealer import sealed_size, unsealed_events


@dataclass(frozen=True)
class SealStatus:
    """Counts of events; `anchored_up_to` is what every place outside the database knows."""

    sealed_up_to: int
    anchored_up_to: int
    waiting: int
    oldest_waiting_at: datetime | None
    failing_since: datetime | None


def seal_status() -> SealStatus:
    """Three quick queries, whatever the length of the log."""
    waiting = list(unsealed_events(thorough=False).values_list("occurred_at", flat=True)[:1000])
    anchors = AuditAnchor.objects.aggregate(size=Min("tree_size"), failing=Min("failing_since"))
    return SealStatus(
        sealed_up_to=sealed_size(),
        anchored_up_to=anchors["size"] or 0,
        waiting=len(waiting),
        oldest_waiting_at=min(waiting, default=None),
        failing_since=anchors["failing"],
    )
