"""Reads events with their personal texts, and what was redacted of them."""

import json
from typing import Any
from uuid import UUID

from portal.audit.canonical import canonical_time
from portal.audit.catalogue import AUDIT_REDACTED
from portal.audit.models import AuditEvent, AuditEventQuerySet
from portal.audit.personal import disclosed
from portal.audit.projection import columns_of_event


def disclosed_body(event: AuditEvent) -> dict[str, Any]:
    """The body as people read it. What is sealed are the bytes in `event.body`, with a commitment for each text.

    Of a damaged event it is what the columns repeat, without a detail: one event must not hide all others.
    """
    body = readable_body(event)
    return _told_by_columns(event) if body is None else disclosed(body, event.texts)


def is_damaged(event: AuditEvent) -> bool:
    """Whether the stored body can be read as an event no more. Whether it is the sealed one, audit_verify says."""
    return readable_body(event) is None


def readable_body(event: AuditEvent) -> dict[str, Any] | None:
    """The body as it is stored, with commitments; None of a damaged event."""
    try:
        body: dict[str, Any] = json.loads(bytes(event.body))
        columns_of_event(body, {})
        return body if isinstance(body["detail"], dict) and isinstance(body["version"], int) else None
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError, OverflowError):
        return None


def _told_by_columns(event: AuditEvent) -> dict[str, Any]:
    return {
        "event_id": str(event.event_id),
        "occurred_at": canonical_time(event.occurred_at),
        "action": event.action,
        "outcome": event.outcome,
        "actor": {
            "kind": event.actor_kind,
            "tenant_id": event.actor_tenant_id,
            "object_id": event.actor_object_id,
            "name": event.actor_text,
        },
        "target": {"kind": event.target_kind, "id": event.target_id, "label": event.target_text},
        "related": [],
        "detail": {},
        "address": event.address_text,
        "session_reference": event.session_reference,
        "http_request_id": event.http_request_id,
    }


def redactions_of(*event_ids: UUID) -> AuditEventQuerySet:
    """The events that say what was redacted of these."""
    return AuditEvent.objects.filter(action=AUDIT_REDACTED.name, target_id__in=list(map(str, event_ids)))
