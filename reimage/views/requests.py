"""A request's page, its live progress, and what people do to it there."""

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe
from django.views.decorators.vary import vary_on_headers

from portal.audit.models import AuditEvent
from portal.errors import NotFound
from portal.identity.decorators import passive
from portal.identity.requests import PersonRequest
from reimage import selectors, wording
from reimage.domain import request_states
from reimage.domain.request_states import RequestState
from reimage.forms import CommentForm
from reimage.models import ReimageRequest
from reimage.plan_view import plan_views
from reimage.services import attention, decision

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
    page = Paginator(rows, PAGE_SIZE).get_page(request.GET.get("page"))
    context = {"page": page, "groups": list(GROUPS), "state": request.GET.get("state", "")}
    return render(request, "reimage/requests/index.html", context)


@require_safe
def detail(request: PersonRequest, reimage_request_id: int) -> HttpResponse:
    """The plan, the warnings as shown, the progress, the timeline, and what this person may do."""
    shown = _find(request, reimage_request_id)
    if shown.state == RequestState.DRAFT:
        return redirect("reimage:request-review", shown.pk)
    return render(request, "reimage/requests/detail.html", _context(request, shown))


@passive
@require_safe
@vary_on_headers("HX-Request")
def progress(request: PersonRequest, reimage_request_id: int) -> HttpResponse:
    """The part that moves. 204 when `?seen=` is still its version, 286 when nothing will change any more."""
    shown = _find(request, reimage_request_id)
    context = _context(request, shown)
    if request.GET.get("seen") == context["version"]:
        return HttpResponse(status=204)
    status = STOP_POLLING if shown.state in request_states.TERMINAL else 200
    return render(request, "reimage/requests/_progress.html", context, status=status)


@require_POST
def approve(request: PersonRequest, reimage_request_id: int) -> HttpResponse:
    """Approves the plan whose digest the page carried."""
    decision.approve_reimage_request(
        approver=request.user,
        reimage_request_id=reimage_request_id,
        digest=request.POST.get("digest", ""),
        comment=_comment(request),
        now=timezone.now(),
    )
    messages.success(request, _("Approved. The reimage starts now."))
    return redirect("reimage:request", reimage_request_id)


@require_POST
def reject(request: PersonRequest, reimage_request_id: int) -> HttpResponse:
    """Rejects with a reason."""
    decision.reject_reimage_request(
        approver=request.user, reimage_request_id=reimage_request_id, comment=_comment(request), now=timezone.now()
    )
    messages.success(request, _("Rejected. The requester is told your reason."))
    return redirect("reimage:request", reimage_request_id)


@require_POST
def cancel(request: PersonRequest, reimage_request_id: int) -> HttpResponse:
    """Withdraws one's own request."""
    decision.cancel_reimage_request(requester=request.user, reimage_request_id=reimage_request_id, now=timezone.now())
    messages.success(request, _("Canceled. Nothing was sent to Azure."))
    return redirect("reimage:request", reimage_request_id)


@require_POST
def settle(request: PersonRequest, operation_id: int) -> HttpResponse:
    """An administrator's word on an operation whose outcome evidence could not tell."""
    settled = attention.settle_operation(
        administrator=request.user,
        operation_id=operation_id,
        executed=request.POST.get("executed") == "yes",
        comment=_comment(request),
        now=timezone.now(),
    )
    messages.success(request, _("Settled. The audit log keeps your reason."))
    return redirect("reimage:request", settled.reimage_request_id)


def _find(request: PersonRequest, reimage_request_id: int) -> ReimageRequest:
    visible = selectors.reimage_requests_visible_to(request.user).select_related("requester", "decision__approver")
    found = visible.filter(pk=reimage_request_id).first()
    if found is None:
        raise NotFound(
            _("There is no request #%(id)s that you may see.") % {"id": reimage_request_id},
            _("Check the number, or start from “My work”."),
        )
    return found


def _comment(request: PersonRequest) -> str:
    form = CommentForm(request.POST)
    return str(form.cleaned_data["comment"]) if form.is_valid() else request.POST.get("comment", "")[:2_000]


def _context(request: PersonRequest, shown: ReimageRequest) -> dict[str, object]:
    plans = plan_views(shown)
    is_own = shown.requester_id == request.user.pk
    pending = shown.state == RequestState.PENDING_APPROVAL
    obstacles = decision.decision_obstacles(request.user, shown) if pending else ()
    return {
        "reimage_request": shown,
        "decision": getattr(shown, "decision", None),
        "plans": plans,
        "version": ".".join([shown.state, *(f"{view.operation.state}-{view.operation.fence}" for view in plans)]),
        "is_ended": shown.state in request_states.TERMINAL,
        "may_decide": pending and not obstacles,
        "obstacles": [wording.violation_text(obstacle) for obstacle in obstacles],
        "may_cancel": is_own and decision.is_cancelable(shown),
        "may_settle": request.user.is_administrator,
        "approvers": selectors.approvers_of(shown) if pending else [],
        "timeline": AuditEvent.objects.filter(subject=shown.audit_subject).order_by("sequence"),
        "comment_form": CommentForm(),
    }
