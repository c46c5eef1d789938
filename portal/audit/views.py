"""The review pages: the list with its filters, one event in full, and the export. They read; nothing here decides."""

from uuid import UUID

from django.http import HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.cache import patch_vary_headers
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_safe

from portal.audit.access import AuditorRequest, auditors_only
from portal.audit.actors import Actor
from portal.audit.disclosure import disclosed_body, redactions_of
from portal.audit.exports import EXPORT_LIMIT, begin_export, csv_file_name, csv_lines
from portal.audit.filters import EventFilter
from portal.audit.links import links_of
from portal.audit.models import AuditEvent, AuditLeaf
from portal.audit.presentation import entries_of, readable_json
from portal.audit.sealing.evidence import evidence_lines, newest_note, proof_of
from portal.audit.sealing.status import seal_status
from portal.audit.sealing.tree import TreeIncomplete
from portal.audit.selectors import EventPage, event_by_id, events_page
from portal.errors import NotFound


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
        "page": page,
        "seal": None if is_fragment else seal_status(),
        "is_filtered": any(request.GET.get(name) for name in selection.filters),
        "is_fragment": is_fragment,
        "export_limit": EXPORT_LIMIT,
    }
    response = render(request, "audit/_events.html" if is_fragment else "audit/events.html", context)
    patch_vary_headers(response, ["HX-Request"])
    return response


@require_safe
@auditors_only
def event(request: AuditorRequest, event_id: UUID) -> HttpResponseBase:
    """One event in full: every word of its body, and what proves it."""
    found = event_by_id(event_id)
    body = disclosed_body(found)
    context: dict[str, object] = {
        "event": found,
        "body": body,
        "links": links_of(body),
        "detail": entries_of(body["detail"]),
        "readable_json": readable_json(bytes(found.body)),
        "redactions": redactions_of(found),
    }
    try:
        context["proof"] = proof_of(found)
    except TreeIncomplete:
        context["is_proof_broken"] = True
    return render(request, "audit/event.html", context)


@require_GET
@auditors_only
def proof(request: AuditorRequest, event_id: UUID) -> HttpResponseBase:
    """The event with its proof as a file, for docs/verify_audit.py."""
    leaves = AuditLeaf.objects.filter(event=event_by_id(event_id))
    if not leaves.exists():
        raise NotFound(_("This event is not sealed yet."), _("Events are sealed every few seconds: try again then."))
    return HttpResponse(
        "".join(evidence_lines(leaves, note=newest_note(), is_whole=False)),
        content_type="application/jsonl; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="audit-proof-{event_id}.jsonl"'},
    )


@require_GET
@auditors_only
def export(request: AuditorRequest) -> HttpResponseBase:
    """The selection as a CSV file; that it was taken is an event, written before the first line is sent."""
    selection = EventFilter(request.GET, AuditEvent.objects.all())
    if not selection.is_valid():
        return redirect(f"{reverse('audit:events')}?{request.GET.urlencode()}")
    chosen = {name: request.GET[name] for name in selection.filters if request.GET.get(name)}
    keys = begin_export(events=selection.qs, actor=Actor.person(request.user), selection=chosen)
    return StreamingHttpResponse(
        csv_lines(keys),
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{csv_file_name()}"'},
    )
