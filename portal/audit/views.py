"""The review pages: the list with its filters, and one event in full. They read; nothing here decides."""

from itertools import islice
from uuid import UUID

from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.utils.cache import patch_vary_headers
from django.views.decorators.http import require_safe

from portal.audit import exports
from portal.audit.access import AuditorRequest, auditors_only
from portal.audit.chips import chips_of
from portal.audit.disclosure import disclose, fields_gone, redactions_of, redacts
from portal.audit.filters import EventFilter
from portal.audit.links import links_of, tools
from portal.audit.models import AuditEvent
from portal.audit.presentation import first_entries, readable_json
from portal.audit.sealing.evidence import SignerUnknown, proof_of, stored_bytes
from portal.audit.sealing.status import seal_status
from portal.audit.sealing.tree import TreeIncomplete
from portal.audit.selectors import EventPage, event_by_id, events_page

# Whoever may add events can add any number that look like a redaction, of a million bytes each.
REDACTIONS_SHOWN, REDACTIONS_READ, CHUNK = 20, 200, 20


@require_safe
@auditors_only
def events(request: AuditorRequest) -> HttpResponseBase:
    """The list, newest first; for htmx its `_events.html` alone."""
    selection = EventFilter(request.GET, AuditEvent.objects.all())
    page = EventPage()
    if selection.is_valid():
        page = events_page(selection.qs, newer=request.GET.get("newer", ""), older=request.GET.get("older", ""))
    is_fragment = bool(request.htmx) and not request.htmx.history_restore_request
    context = {
        "form": selection.form,
        "chips": list(chips_of(selection, request.GET)),
        "page": page,
        "seal": None if is_fragment else seal_status(),
        "is_filtered": bool(selection.chosen),
        "is_fragment": is_fragment,
        "tools": tools(),
        "export_limit": exports.EXPORT_LIMIT,
    }
    response = render(request, "audit/_events.html" if is_fragment else "audit/events.html", context)
    patch_vary_headers(response, ["HX-Request"])
    return response


@require_safe
@auditors_only
def event(request: AuditorRequest, event_id: UUID) -> HttpResponseBase:
    """One event in full: every word of its body, and what proves it."""
    found = event_by_id(event_id)
    told = disclose(found)
    context: dict[str, object] = {
        "event": found,
        "body": told.body,
        "is_damaged": told.is_damaged,
        "are_columns_altered": told.are_columns_altered,
        "links": links_of(told.body),
        "detail": first_entries(told.body["detail"]),
        "readable": readable_json(stored_bytes(found.body), as_stored=told.is_damaged),
        "redactions": _redactions_of(found),
        "seal": seal_status(),
    }
    try:
        context["proof"] = proof_of(found)
    except TreeIncomplete:
        context["is_proof_broken"] = True
    except SignerUnknown:
        context["is_signer_unknown"] = True
    return render(request, "audit/event.html", context)


def _redactions_of(event: AuditEvent) -> list[AuditEvent]:
    """The first that took something out of it. A redaction takes all that it names, so there are few."""
    gone = {str(event.event_id): fields_gone(event)}
    if not any(gone.values()):
        return []
    found = redactions_of(event.event_id).order_by("pk").defer("search_text")[:REDACTIONS_READ]
    redacting = (redaction for redaction in found.iterator(chunk_size=CHUNK) if redacts(redaction, gone))
    return list(islice(redacting, REDACTIONS_SHOWN))
