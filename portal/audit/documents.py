"""What an event says to people: its body as it is to be read. Proofs are about the stored bytes, never about this."""

import json
from typing import Any

from portal.audit.models import AuditEvent


def document_of(event: AuditEvent) -> dict[str, Any]:
    """The event's body as a mapping."""
    document: dict[str, Any] = json.loads(bytes(event.body))
    return document
