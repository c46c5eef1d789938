"""Reads for the review pages. Pages are cut at an event, not at a number, so that new events do not shift them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from uuid import UUID

from django.db.models import Q
from django.utils.translation import gettext as _

from portal.audit.models import AuditEvent, AuditEventQuerySet
from portal.errors import NotFound

PAGE_SIZE = 50
CHUNK_SIZE = 100  # as in sealing/evidence.py


@dataclass(frozen=True)
class EventPage:
    """Some events, newest first, and those to go on from in either direction."""

    events: Sequence[AuditEvent] = ()
    newer: UUID | None = None
    older: UUID | None = None


def event_by_id(event_id: str | UUID) -> AuditEvent:
    """The event; raises NotFound for an id that is none, or of none."""
    try:
        # Not the one: a superuser can double it, which audit_verify tells.
        found = AuditEvent.objects.filter(event_id=UUID(str(event_id))).order_by("pk").first()
    except ValueError:
        found = None
    if found is None:
        raise NotFound(
            _("The audit log has no event %(id)s.") % {"id": event_id},
            _("Check the address, or search the log from its first page."),
        )
    return found


def events_page(events: AuditEventQuerySet, *, newer: str = "", older: str = "") -> EventPage:
    """The newest events, or those right before (`older`) or after (`newer`) the event of that id."""
    events = events.with_texts().defer("body", "search_text")
    if newer:
        return _newer_page(events, event_by_id(newer))
    found = list((_before(events, event_by_id(older)) if older else events)[: PAGE_SIZE + 1])
    shown = found[:PAGE_SIZE]
    return EventPage(
        shown,
        newer=shown[0].event_id if older and shown else None,
        older=shown[-1].event_id if len(found) > PAGE_SIZE else None,
    )


def _newer_page(events: AuditEventQuerySet, cut: AuditEvent) -> EventPage:
    found = list(_after(events, cut).order_by("occurred_at", "id")[: PAGE_SIZE + 1])
    shown = found[PAGE_SIZE - 1 :: -1]
    return EventPage(
        shown,
        newer=shown[0].event_id if len(found) > PAGE_SIZE else None,
        older=shown[-1].event_id if shown else None,
    )


def _before(events: AuditEventQuerySet, cut: AuditEvent) -> AuditEventQuerySet:
    """The first condition alone lets the database start at the right place of the index."""
    tie = Q(occurred_at__lt=cut.occurred_at) | Q(pk__lt=cut.pk)
    return events.filter(tie, occurred_at__lte=cut.occurred_at)


def _after(events: AuditEventQuerySet, cut: AuditEvent) -> AuditEventQuerySet:
    tie = Q(occurred_at__gt=cut.occurred_at) | Q(pk__gt=cut.pk)
    return events.filter(tie, occurred_at__gte=cut.occurred_at)


def events_in_chunks(keys: Sequence[int]) -> Iterator[AuditEvent]:
    """The events of these keys, in the order of the keys, without holding all of them at once."""
    for start in range(0, len(keys), CHUNK_SIZE):
        chunk = keys[start : start + CHUNK_SIZE]
        found = AuditEvent.objects.with_texts().in_bulk(list(chunk))
        yield from (found[key] for key in chunk)
