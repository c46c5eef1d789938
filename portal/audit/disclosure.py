"""Reads events with their personal texts, and what was redacted of them."""

import hashlib
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from portal.audit.canonical import canonical_time
from portal.audit.catalogue import AUDIT_REDACTED
from portal.audit.folding import folded_by_python
from portal.audit.form import NotAnEvent, event_in
from portal.audit.models import AuditEvent, AuditEventQuerySet
from portal.audit.personal import commitments_in, disclosed, opens
from portal.audit.projection import columns_of_event
from portal.audit.text import ALTERED


@dataclass(frozen=True)
class Disclosure:
    """The body as people read it, and what is wrong with what is stored of the event."""

    body: dict[str, Any]
    is_damaged: bool = False
    are_columns_altered: bool = False


def disclose(event: AuditEvent) -> Disclosure:
    """Reads the event as people do; what is sealed are the bytes in `event.body`, with a commitment for each text.

    The event in memory gets the columns that its body says, and the texts that it commits to. Of a damaged one the
    body is what the columns repeat, without a detail: one event must not hide all others. ALTERED stands for a text
    that the body does not commit to.
    """
    body = readable_body(event)
    if body is None:
        return Disclosure(_told_by_columns(event), is_damaged=True)
    event.checked_texts = _texts_of(event, body)
    return Disclosure(disclosed(body, event.checked_texts), are_columns_altered=restore_columns(event, body))


def disclosed_body(event: AuditEvent) -> dict[str, Any]:
    """The body as people read it."""
    return disclose(event).body


def _texts_of(event: AuditEvent, body: Mapping[str, Any]) -> dict[str, str]:
    commitments = commitments_in(body)
    rows = [(str(row.field), row.salt, str(row.text)) for row in event.personal_texts.all()]
    return {field: text if _opens(commitments.get(field), salt, text) else ALTERED for field, salt, text in rows}


def _opens(commitment: str | None, salt: object, text: str) -> bool:
    with suppress(UnicodeEncodeError, TypeError):  # of a damaged file of SQLite
        return isinstance(salt, bytes | memoryview) and opens(commitment, bytes(salt), text.encode())
    return False


def restore_columns(event: AuditEvent, body: Mapping[str, Any]) -> bool:
    """Puts what the body says in place of columns that say something else, in memory; tells whether any did.

    The body is the event, and what is proven. Columns are there to search by, and a superuser can change them alone.
    `search_text` is not asked for where it was left out: lists do without it.
    """
    columns = columns_of_event(body, commitments_in(body))
    if "search_text" in event.get_deferred_fields() or event.search_text == folded_by_python(columns["search_text"]):
        del columns["search_text"]  # the latter as audit_verify accepts it: it was folded so, once
    altered = {name for name, said in columns.items() if getattr(event, name) != said}
    for name in altered:
        setattr(event, name, columns[name])
    return bool(altered)


def readable_body(event: AuditEvent) -> dict[str, Any] | None:
    """The body as it is stored, with commitments; None of a damaged event. Whether it was sealed, audit_verify says.

    What was recorded has its form, and the digest beside it is its own. Anything else was put there by somebody else.
    """
    with suppress(NotAnEvent, TypeError):  # a damaged file of SQLite may have a text for a body
        stored = bytes(event.body)
        body = event_in(stored)
        return body if hashlib.sha256(stored).hexdigest() == event.digest else None
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
    """The events that may say what was redacted of these, by their columns; `redacts` tells by their bodies."""
    return AuditEvent.objects.filter(action=AUDIT_REDACTED.name, target_id__in=list(map(str, event_ids)))


def fields_gone(event: AuditEvent) -> set[str]:
    """Where its body commits to a text that is not there any more; of a damaged event nobody can tell."""
    body = readable_body(event)
    return commitments_in(body).keys() - {str(row.field) for row in event.personal_texts.all()} if body else set()


def redacts(redaction: AuditEvent, gone: Mapping[str, set[str]]) -> bool:
    """Whether it says that one of these fields was redacted, of these events by their ids: an event is soon added."""
    body = readable_body(redaction)
    if body is None or body["action"] != AUDIT_REDACTED.name:
        return False
    return not gone.get(body["target"]["id"], set()).isdisjoint(body["detail"]["fields"])
