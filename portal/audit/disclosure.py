"""Reads events with their personal texts, and what was redacted of them."""

import json
from typing import Any

from portal.audit.catalogue import AUDIT_REDACTED
from portal.audit.models import AuditEvent, AuditEventQuerySet
from portal.audit.personal import disclosed


def disclosed_body(event: AuditEvent) -> dict[str, Any]:
    """The body as people read it. What is sealed are the bytes in `event.body`, with a commitment for each text."""
    return disclosed(json.loads(bytes(event.body)), event.texts)


def redactions_of(event: AuditEvent) -> AuditEventQuerySet:
    """The events that say what was redacted of this one."""
    return AuditEvent.objects.filter(action=AUDIT_REDACTED.name, target_id=str(event.event_id))
