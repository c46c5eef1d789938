"""Takes personal texts out of the log for good: the one way to remove anything. What is sealed is not touched.

First an event says which fields of which event are redacted, why and by whom; then salts and texts go. Without the
salt nobody can tell by trying whether a commitment was to a text that they know.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from portal.audit.actors import PERSON, Actor, Target
from portal.audit.catalogue import AUDIT_REDACTED
from portal.audit.disclosure import readable_body
from portal.audit.models import AuditEvent, AuditPersonalText
from portal.audit.personal import ACTOR_NAME, ADDRESS
from portal.audit.services import record
from portal.errors import Problem, WrongState

EVENTS_A_TRANSACTION = 200  # SQLite's writers wait for it

Texts = QuerySet[AuditPersonalText]


@dataclass(frozen=True)
class Redaction:
    """How many texts went, of how many events."""

    events: int
    texts: int


def texts_of_event(event_id: UUID) -> Texts:
    """All texts of one event."""
    return AuditPersonalText.objects.filter(event__event_id=event_id)


def texts_of_subject(subject: str) -> Texts:
    """All texts of the events of one subject, for example reimage_request:12."""
    return AuditPersonalText.objects.filter(event__subject=subject)


def texts_of_person(*, tenant_id: UUID, object_id: UUID) -> Texts:
    """All texts of what this person did; and of events about the person, but for whoever acted there.

    An event is about somebody by their object id. A name within other people's words is found by nobody: look for it,
    and redact the event.
    """
    about = [event.pk for event, is_about in _events_naming(str(object_id)) if is_about]
    of_theirs = Q(event__in=about) & ~Q(field__in=(ACTOR_NAME, ADDRESS))
    return AuditPersonalText.objects.filter(_acted(tenant_id, object_id) | of_theirs)


def damaged_events_naming(*, tenant_id: UUID, object_id: UUID) -> list[UUID]:
    """The damaged events that may be about this person, have texts, and are not by them: to look at one by one."""
    damaged = [event.pk for event, is_about in _events_naming(str(object_id)) if is_about is None]
    texts = AuditPersonalText.objects.filter(event__in=damaged).exclude(_acted(tenant_id, object_id))
    return list(texts.order_by("event_id").values_list("event__event_id", flat=True).distinct())


def redact(*, texts: Texts, reason: str, actor: Actor) -> Redaction:
    """Removes these texts and their salts, and records for each event that it was done; may be called again.

    `reason` stays in the log for good. Raises Problem without one, and WrongState where somebody else redacts the same.
    A crash leaves each event whole, or redacted and saying so.
    """
    if not reason.strip():
        raise Problem(_("A redaction needs a reason."), _("Say on what ground, without the person's name: it stays."))
    events = list(texts.order_by("event_id").values_list("event_id", flat=True).distinct())
    count = 0
    for start in range(0, len(events), EVENTS_A_TRANSACTION):
        with transaction.atomic():
            for key in events[start : start + EVENTS_A_TRANSACTION]:
                count += _redact_event(texts.filter(event_id=key), reason.strip(), actor)
    return Redaction(len(events), count)


def _redact_event(texts: Texts, reason: str, actor: Actor) -> int:
    rows = list(texts.select_related("event").defer("event__body", "event__search_text").order_by("field"))
    if not rows:
        return 0
    event = rows[0].event
    record(
        action=AUDIT_REDACTED,
        actor=actor,
        target=Target("audit_event", str(event.event_id), event.action),
        detail={"fields": [row.field for row in rows], "reason": reason},
    )
    removed = AuditPersonalText.objects.filter(pk__in=[row.pk for row in rows]).redact()
    if removed != len(rows):
        raise WrongState(_("Somebody else redacts event %(id)s at this moment.") % {"id": event.event_id})
    return removed


def _acted(tenant_id: UUID, object_id: UUID) -> Q:
    return Q(event__actor_tenant_id=str(tenant_id), event__actor_object_id=str(object_id))


def _events_naming(object_id: str) -> Iterator[tuple[AuditEvent, bool | None]]:
    """Each with whether it is about that person: the search narrows it down, the body says it, a damaged one cannot."""
    events = AuditEvent.objects.filter(search_text__contains=object_id).only("body", "digest")
    for event in events.iterator():
        body = readable_body(event)
        yield event, None if body is None else _is_about(body, object_id)


def _is_about(body: Mapping[str, Any], object_id: str) -> bool:
    targets = filter(None, [body["target"], *body["related"]])
    return any((target.get("kind"), target["id"]) == (PERSON, object_id) for target in targets)
