"""Where everybody starts: what waits for me, and what of mine is going on."""

from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from portal.identity.requests import PersonRequest
from reimage import selectors
from reimage.domain import request_states
from reimage.domain.operation_states import OperationState
from reimage.models import GrantRole
from reimage.views.access_requests import has_a_part, identity_of

PAGE_SIZE = 25


@require_safe
def my_work(request: PersonRequest) -> HttpResponse:
    """Counts as links, open requests of mine, and for somebody without grants why there is nothing."""
    user = request.user
    mine = user.reimage_requests.exclude(state=request_states.RequestState.DRAFT)
    context = {
        "counts": selectors.work_counts(user),
        "awaiting_password": mine.filter(operations__state=OperationState.AWAITING_PASSWORD).distinct().order_by("pk"),
        "passwords_to_see": selectors.passwords_to_see(user).select_related("reimage_request"),
        "open_requests": mine.filter(state__in=request_states.OPEN).prefetch_related("operations").order_by("-pk")[:10],
        "recent_requests": mine.filter(state__in=request_states.TERMINAL)
        .prefetch_related("operations")
        .order_by("-finished_at", "-pk")[:5],
        "may_request": selectors.grants_of(user, GrantRole.REQUESTER).exists(),
        "identity": None if has_a_part(user) else identity_of(user),
    }
    return render(request, "reimage/my_work.html", context)


@require_safe
def approvals(request: PersonRequest) -> HttpResponse:
    """What I can decide, oldest deadline first."""
    waiting = selectors.reimage_requests_awaiting(request.user)
    rows = waiting.select_related("requester").prefetch_related("operations")
    page = Paginator(rows, PAGE_SIZE).get_page(request.GET.get("page"))
    context = {"page": page, "may_approve": selectors.grants_of(request.user, GrantRole.APPROVER).exists()}
    return render(request, "reimage/approvals.html", context)
