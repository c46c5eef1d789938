"""What auditors take away from the log. Each is an event, written before the first byte is sent."""

from collections.abc import Callable, Iterator, Mapping
from uuid import UUID

from django.http import HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_safe

from portal.audit.access import AuditorRequest, auditors_only
from portal.audit.actors import Actor
from portal.audit.exports import begin_export, csv_lines, export_file_name
from portal.audit.filters import EventFilter
from portal.audit.models import AuditEvent, AuditEventQuerySet
from portal.audit.packs import VERIFIER, damaged_checkpoint
from portal.audit.sealed_exports import begin_proof, begin_sealed_export
from portal.audit.sealing.evidence import NothingSealed
from portal.audit.sealing.notes import NoteError
from portal.audit.selectors import event_by_id
from portal.errors import NotFound
from portal.identity.decorators import limited, recorded

Begin = Callable[[AuditEventQuerySet, Actor, Mapping[str, str]], Iterator[str]]
JSON_LINES = "application/jsonl; charset=utf-8"


@recorded
@limited("taking")
@require_GET
@auditors_only
def export_csv(request: AuditorRequest) -> HttpResponseBase:
    """The selection as a CSV file, for a spreadsheet."""

    def begin(events: AuditEventQuerySet, actor: Actor, selection: Mapping[str, str]) -> Iterator[str]:
        return csv_lines(begin_export(events=events, actor=actor, selection=selection))

    return _export(request, "csv", "text/csv; charset=utf-8", begin)


@recorded
@limited("taking")
@require_GET
@auditors_only
def export_jsonl(request: AuditorRequest) -> HttpResponseBase:
    """The sealed events of the selection with their proofs, for docs/verify_audit.py."""

    def begin(events: AuditEventQuerySet, actor: Actor, selection: Mapping[str, str]) -> Iterator[str]:
        try:
            return begin_sealed_export(events=events, actor=actor, selection=selection).lines()
        except NothingSealed as err:
            raise _not_sealed_yet(_("No event is sealed yet.")) from err
        except NoteError as err:
            raise damaged_checkpoint() from err

    return _export(request, "jsonl", JSON_LINES, begin)


@recorded
@limited("taking")
@require_GET
@auditors_only
def proof(request: AuditorRequest, event_id: UUID) -> HttpResponseBase:
    """One event with its proof as a file, for docs/verify_audit.py."""
    event_by_id(event_id)
    try:
        lines = begin_proof(event_id=event_id, actor=Actor.person(request.user))
    except NothingSealed as err:
        raise _not_sealed_yet(_("This event is not sealed yet.")) from err
    except NoteError as err:
        raise damaged_checkpoint() from err
    return HttpResponse(
        "".join(lines),
        content_type=JSON_LINES,
        headers={"Content-Disposition": f'attachment; filename="audit-proof-{event_id}.jsonl"'},
    )


@require_safe
@auditors_only
def verifier(request: AuditorRequest) -> HttpResponseBase:
    """The program that verifies exports, proofs and packs; the same file as in the source."""
    return HttpResponse(
        VERIFIER.read_bytes(),
        content_type="text/x-python; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{VERIFIER.name}"'},
    )


def _export(request: AuditorRequest, form: str, content_type: str, begin: Begin) -> HttpResponseBase:
    """A filter that cannot be used leads to the list, which says why."""
    selection = EventFilter(request.GET, AuditEvent.objects.all())
    if not selection.is_valid():
        return redirect(f"{reverse('audit:events')}?{request.GET.urlencode()}")
    lines = begin(selection.qs, Actor.person(request.user), selection.chosen)
    return StreamingHttpResponse(
        lines,
        content_type=content_type,
        headers={"Content-Disposition": f'attachment; filename="{export_file_name(form)}"'},
    )


def _not_sealed_yet(what: str) -> NotFound:
    return NotFound(what, _("Events are sealed every few seconds: try again then."))
