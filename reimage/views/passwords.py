"""Passwords after the approval: the requester's page to give one. Nobody else gets further than an explanation."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from portal.errors import WrongState
from portal.identity import step_up
from portal.identity.addresses import sign_in_again_address
from portal.identity.decorators import grave, limited
from portal.identity.requests import PersonRequest
from reimage.domain.operation_states import OperationState
from reimage.models import ReimageRequest
from reimage.password_forms import GivePasswordForm
from reimage.services import awaited_passwords
from reimage.services.clock import database_now
from reimage.services.errors import InvalidReimageRequest


@grave()
@limited("submission")
@sensitive_post_parameters()
@require_http_methods(["GET", "HEAD", "POST"])
def request_password(request: PersonRequest, reimage_request_id: int) -> HttpResponse:
    """GET asks for the password, or for a young sign-in first, so that none is typed in vain; POST seals it."""
    shown = awaited_passwords.require_own(request.user, reimage_request_id)
    way_on = reverse("reimage:request", args=[shown.pk])
    awaited = list(shown.operations.filter(state=OperationState.AWAITING_PASSWORD))
    if request.method != "POST" and not awaited:
        return redirect(way_on)
    posted = request.POST if request.method == "POST" else None
    form = GivePasswordForm(posted, awaited=awaited)
    if posted is not None and not awaited:
        raise WrongState(
            _("No password is awaited (any more) for request #%(id)s.") % {"id": shown.pk},
            _("Nothing was stored. The request's page shows what happened."),
            way_on=way_on,
        )
    if posted is not None and form.is_valid() and _give(request, shown, form):
        messages.success(request, _("The password is sealed. The portal goes on with the reimage by itself."))
        return redirect(way_on)
    context = {
        "reimage_request": shown,
        "form": form,
        "until": min(operation.next_at for operation in awaited if operation.next_at),
        "again_url": "" if _is_fresh(request) else sign_in_again_address(next_path=request.path),
    }
    return render(request, "reimage/passwords/give.html", context, status=422 if posted is not None else 200)


def _give(request: PersonRequest, shown: ReimageRequest, form: GivePasswordForm) -> bool:
    """False where Azure's rules are not met; the form says which."""
    try:
        awaited_passwords.give_password(
            requester=request.user,
            reimage_request_id=shown.pk,
            operation_ids=form.cleaned_data["operations"],
            password=form.cleaned_data["admin_password"],
            now=database_now(),
        )
    except InvalidReimageRequest as err:
        form.report(err.findings)
        return False
    return True


def _is_fresh(request: PersonRequest) -> bool:
    return step_up.is_fresh(request.session, database_now())
