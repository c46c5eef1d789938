"""What the log tells of itself, by its indexes: counting it would take longer with each event."""

from django.conf import settings
from django.db.models.functions import Now

from portal.audit.models import AuditEvent, AuditLeaf, AuditStream
from portal.audit.sealing.sealer import sealed_size
from portal.audit.sealing.status import COUNTED, Backlog, backlog, is_sealing_expected, places_told
from portal.audit.streaming import sink_name
from portal.health.readings import Figure, Reading, single, within


def read() -> Reading:
    """How far the log has got, and when."""
    last = AuditEvent.objects.order_by("-pk").annotate(now=Now()).values_list("pk", "occurred_at", "now").first()
    number, age = (last[0], (last[2] - last[1]).total_seconds()) if last else (0, None)
    waiting = backlog() if is_sealing_expected() else None
    return Reading(
        checks=(within("audit_sealed", waiting.seconds, settings.READY_SILENCE_SECONDS),) if waiting else (),
        figures=(
            single("portal_audit_last_event_number", "Number of the latest audit event; numbers have gaps", number),
            single("portal_audit_last_event_age_seconds", "Since the latest audit event", age),
            *_seal_figures(waiting),
            *_stream_figures(),
        ),
    )


def _seal_figures(waiting: Backlog | None) -> tuple[Figure, ...]:
    """What waits for the sealer, where the log is sealed; and what each place outside the database lacks."""
    events, seconds = (waiting.events, waiting.seconds) if waiting else (None, None)
    behind: dict[tuple[str, ...], float] = {(place.name,): place.behind_seconds for place in places_told()}
    return (
        single("portal_audit_unsealed_events", f"Events that wait for the sealer, counted to {COUNTED}", events),
        single("portal_audit_unsealed_seconds", "How far the time of one of them lies from now, at the most", seconds),
        Figure(
            "portal_audit_anchor_behind_seconds",
            "Since a place outside the database lacks checkpoints, or does not take them",
            behind,
            ("place",),
        ),
    )


def _stream_figures() -> tuple[Figure, ...]:
    """How far the SIEM is behind; no values where there is none. A note beyond the log is false: nothing is known."""
    behind = seconds = None
    if sink_name():
        noted = AuditStream.objects.filter(sink=sink_name()).values_list("told", flat=True).first() or 0
        sealed = sealed_size()  # after the note, which is never ahead of it
        told = noted if noted <= sealed else 0
        oldest = AuditLeaf.objects.filter(leaf_index=told).annotate(now=Now()).values_list("event__occurred_at", "now")
        waits = [(now - occurred_at).total_seconds() for occurred_at, now in oldest]
        behind, seconds = sealed - told, waits[0] if waits else 0
    return (
        single("portal_audit_stream_events_behind", "Sealed events not yet streamed", behind),
        single("portal_audit_stream_behind_seconds", "Age of the oldest of them", seconds),
    )
