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
    failing_since: datetime | None


def seal_status() -> SealStatus:
    """Two quick queries, whatever the length of the log."""
    anchors = AuditAnchor.objects.aggregate(size=Min("tree_size"), failing=Min("failing_since"))
    return SealStatus(
        sealed_up_to=sealed_size(),
        anchored_up_to=anchors["size"] or 0,
        failing_since=anchors["failing"],
    )


def waiting_since(limit: int = 1_000) -> list[datetime]:
    """When the events happened that wait for the sealer, oldest first; a healthy log has none older than 5 seconds."""
    return sorted(unsealed_events(thorough=False).values_list("occurred_at", flat=True)[:limit])
