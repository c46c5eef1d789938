"""A request's page, its live progress, and what people do to it there."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe
from django.views.decorators.vary import vary_on_headers

from portal.errors import WrongState
from portal.identity.decorators import grave, limited, passive, routine
from portal.identity.requests import PersonRequest
from reimage import selectors, wording
from reimage.decision_forms import CommentForm, RejectForm
from reimage.domain import request_states
from reimage.domain.operation_states import OperationState
from reimage.domain.request_states import RequestState
from reimage.models import ReimageRequest
from reimage.services import decision
from reimage.services.clock import database_now
from reimage.services.errors import no_such_request
from reimage.views.request_context import is_held_up, request_context, version_of

STOP_POLLING = 286  # https://htmx.org/docs/#polling
PAGE_SIZE = 25
GROUPS = {
    "open": request_states.OPEN,
    "running": frozenset({RequestState.APPROVED, RequestState.EXECUTING}),
    "pending": frozenset({RequestState.PENDING_APPROVAL}),
    "failed": frozenset({RequestState.FAILED, RequestState.COMPLETED_WITH_PROBLEMS}),
    "ended": request_states.TERMINAL,
}


@require_safe
def requests(request: PersonRequest) -> HttpResponse:
    """The requests that the person may see, newest first; `?state=` and `?mine=1` narrow it."""
    found = selectors.reimage_requests_visible_to(request.user).exclude(state=RequestState.DRAFT)
    if states := GROUPS.get(request.GET.get("state", "")):
        found = found.filter(state__in=states)
    if request.GET.get("mine"):
        found = found.filter(requester=request.user)
    rows = found.select_related("requester").prefetch_related("operations").order_by("-pk")
    state = request.GET.get("state", "")
    context = {
        "page": Paginator(rows, PAGE_SIZE).get_page(request.GET.get("page")),
        "groups": wording.REQUEST_GROUPS,
        "state": state if state in GROUPS else "",
        "is_mine": bool(request.GET.get("mine")),
    }
    return render(request, "reimage/requests/index.html", context)


@require_safe
def detail(request: PersonRequest, reimage_request_id: int) -> HttpResponse:
    """The plan, the warnings as shown, the progress, the timeline, and what this person may do."""
    shown = _find(request, reimage_request_id)
    if shown.state == RequestState.DRAFT:
        return redirect("reimage:request-review", shown.pk)
    return render(request, "reimage/requests/detail.html", request_context(request.user, shown))


@passive
@require_safe
@vary_on_headers("HX-Request")
def progress(request: PersonRequest, reimage_request_id: int) -> HttpResponse:
    """The part that moves. 204 when `?seen=` is still its version, 286 when nothing will change any more."""
    shown = _find(request, reimage_request_id)
    if request.GET.get("seen") == version_of(shown):
        return HttpResponse(status=204)
    status = STOP_POLLING if shown.state in request_states.TERMINAL else 200
    context = {"is_fragment": True, **request_context(request.user, shown)}
    return render(request, "reimage/requests/_progress.html", context, status=status)


@grave("digest", "comment")
@limited("decision")
@require_POST
def approve(request: PersonRequest, reimage_request_id: int) -> HttpResponse:
    """Approves the plan whose digest the page carried; a comment that cannot be kept whole comes back."""
    form = CommentForm(request.POST, auto_id="approve_%s")
    if not form.is_valid() and (back := _back_to_decide(request, reimage_request_id, approve_form=form)):
        return back
    with _way_on_to(reimage_request_id):
        approved = decision.approve_reimage_request(
            approver=request.user,
            reimage_request_id=reimage_request_id,
            digest=request.POST.get("digest", ""),
            comment=form.cleaned_data.get("comment", ""),
            now=database_now(),
        )
    messages.success(request, _approved_text(approved))
    return redirect("reimage:request", reimage_request_id)


def _approved_text(approved: ReimageRequest) -> str:
    """And what comes next."""
    is_awaited = approved.operations.filter(state=OperationState.AWAITING_PASSWORD).exists()
    if is_held_up(approved):
        if is_awaited:
            return _(
                "Approved. The requester is asked for the password. Execution is held up: an administrator has to act."
            )
        return _("Approved. The reimage starts once an administrator has lifted what holds execution up.")
    if is_awaited:
        return _("Approved. The requester is asked for the password; then the reimage starts.")
    return _("Approved. The reimage starts now.")


@routine
@limited("decision")
@require_POST
def reject(request: PersonRequest, reimage_request_id: int) -> HttpResponse:
    """Rejects with a reason; where only the reason is missing, the page asks for it."""
    form = RejectForm(request.POST, auto_id="reject_%s")
    if not form.is_valid() and (back := _back_to_decide(request, reimage_request_id, reject_form=form)):
        return back
    with _way_on_to(reimage_request_id):
        decision.reject_reimage_request(
            approver=request.user,
            reimage_request_id=reimage_request_id,
            comment=form.cleaned_data.get("comment", ""),
            now=database_now(),
        )
    messages.success(request, _("Rejected. The requester is told your reason."))
    return redirect("reimage:request", reimage_request_id)


@routine
@require_POST
def cancel(request: PersonRequest, reimage_request_id: int) -> HttpResponse:
    """Withdraws one's own request, or what was not sent of it."""
    with _way_on_to(reimage_request_id):
        found = decision.cancel_reimage_request(
            requester=request.user, reimage_request_id=reimage_request_id, now=database_now()
        )
    if found.state == RequestState.CANCELED:
        messages.success(request, _("Canceled. No reimage was sent to Azure."))
    else:
        names = [one.name for one in found.operations.filter(state=OperationState.CANCELED)]
        text = _("Canceled before anything was sent: %(machines)s. The other machines are not affected.")
        messages.success(request, text % {"machines": _(", ").join(names)})
    return redirect("reimage:request", reimage_request_id)


def _back_to_decide(
    request: PersonRequest, reimage_request_id: int, **answered: CommentForm | RejectForm
) -> HttpResponse | None:
    """The request's page with the form's errors; None for who may not decide, whom the service tells why."""
    context = request_context(request.user, _find(request, reimage_request_id))
    if not context["may_decide"]:
        return None
    return render(request, "reimage/requests/detail.html", {**context, **answered}, status=422)


@contextmanager
def _way_on_to(reimage_request_id: int) -> Iterator[None]:
    """Whoever came too late is shown the way to the request's page, which says what happened."""
    try:
        yield
    except WrongState as err:
        err.way_on = reverse("reimage:request", args=[reimage_request_id])
        raise


def _find(request: PersonRequest, reimage_request_id: int) -> ReimageRequest:
    visible = selectors.reimage_requests_visible_to(request.user).select_related("requester", "decision__approver")
    found = visible.prefetch_related("operations").filter(pk=reimage_request_id).first()
    if found is None:
        raise no_such_request(reimage_request_id)
    return found
