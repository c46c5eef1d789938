"""Grants: who may request or decide, over what, and whom that covers. Administrators only."""

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from portal.errors import Problem
from portal.identity.decorators import grave
from portal.identity.requests import PersonRequest
from portal.identity.roles import require_administrator
from reimage import selectors
from reimage.forms import GrantForm
from reimage.grant_coverage import Coverage, coverage_of
from reimage.models import AccessGrant
from reimage.services import grants

PAGE_SIZE = 50


@grave(*GrantForm.base_fields, "check")
@require_http_methods(["GET", "HEAD", "POST"])
def access(request: PersonRequest) -> HttpResponse:
    """GET lists every grant; POST adds one, says with `check` what it would cover, or shows what must be mended."""
    require_administrator(request.user)
    coverage: Coverage | None = None
    form = GrantForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            if "check" in request.POST:
                coverage = coverage_of(grants.proposed_grant(administrator=request.user, **form.cleaned_data))
            else:
                grants.grant_access(administrator=request.user, **form.cleaned_data)
        except Problem as err:
            form.add_error(None, f"{err.message} {err.remedy}".strip())
        if not form.errors and coverage is None:
            messages.success(request, _("The grant was added."))
            return redirect("reimage:access")
    rows = AccessGrant.objects.order_by("principal_label", "principal_id", "role", "scope_key")
    page = Paginator(rows, PAGE_SIZE).get_page(request.GET.get("page"))
    context = {
        "form": form,
        "page": page,
        "covered": selectors.covered_counts(list(page)),
        "strangers": selectors.never_signed_in(page),
        "coverage": coverage,
    }
    return render(request, "reimage/access.html", context, status=422 if form.errors else 200)


@require_POST
def delete_grant(request: PersonRequest, grant_id: int) -> HttpResponse:
    """Takes a grant away."""
    grants.delete_grant(administrator=request.user, grant_id=grant_id)
    messages.success(request, _("The grant was taken away. What depended on it and was not sent yet stops."))
    return redirect("reimage:access")
