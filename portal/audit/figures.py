"""What the log tells of itself, by its indexes: counting it would take longer with each event."""

from django.db.models.functions import Now

from portal.audit.models import AuditEvent
from portal.health.readings import Reading, single


def read() -> Reading:
    """How far the log has got, and when."""
    last = AuditEvent.objects.order_by("-pk").annotate(now=Now()).values_list("pk", "occurred_at", "now").first()
    number, age = (last[0], (last[2] - last[1]).total_seconds()) if last else (0, None)
    return Reading(
        figures=(
            single("portal_audit_last_event_number", "Number of the latest audit event; numbers have gaps", number),
            single("portal_audit_last_event_age_seconds", "Since the latest audit event", age),
        )
    )
