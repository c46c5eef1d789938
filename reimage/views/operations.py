"""An operation's page: one machine's reimage in full, for whoever has to find out what happened."""

from django.http import HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from portal.errors import NotFound
from portal.identity.requests import PersonRequest
from reimage import selectors, wording
from reimage.domain.operation_states import TERMINAL
from reimage.domain.request_states import RequestState
from reimage.models import ReimageOperation
from reimage.operation_story import story_of


@require_safe
def operation(request: PersonRequest, reimage_request_id: int, operation_id: int) -> HttpResponse:
    """State, conclusion, what comes next, every attempt with its evidence. Whoever sees the request sees it."""
    shown = _find(request, reimage_request_id, operation_id)
    context = {
        "operation": shown,
        "reimage_request": shown.reimage_request,
        "note": wording.note_text(shown.note),
        "findings": wording.finding_texts(shown.findings),
        "next": wording.NEXT.get(shown.state, ""),
        "is_ended": shown.state in TERMINAL,
        "attempts": story_of(shown),
    }
    return render(request, "reimage/operations/detail.html", context)


def _find(request: PersonRequest, reimage_request_id: int, operation_id: int) -> ReimageOperation:
    visible = selectors.reimage_requests_visible_to(request.user).exclude(state=RequestState.DRAFT)
    found = ReimageOperation.objects.filter(pk=operation_id, reimage_request__in=visible.filter(pk=reimage_request_id))
    shown = found.select_related("reimage_request__requester").first()
    if shown is None:
        raise NotFound(
            _("There is no operation %(operation)s of a request #%(id)s that you may see.")
            % {"operation": operation_id, "id": reimage_request_id},
            _("Check the number, or start from “My work”."),
        )
    return shown
