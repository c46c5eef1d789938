"""The one-time view of a generated password. Only a POST with a young sign-in spends it; a GET never does."""

import base64
import binascii
from functools import partial

from django.conf import settings
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from portal.errors import WrongState
from portal.identity.decorators import grave, limited, passive
from portal.identity.requests import PersonRequest
from reimage.models import ReimageOperation
from reimage.services import password_views
from reimage.services.clock import database_now
from reimage.services.password_views import Asked, Shown, ViewState

KEY_SECONDS = 600  # between the two presses


@grave()
@passive  # while it waits for the worker, the page looks again by itself
@limited("submission")
@require_http_methods(["GET", "HEAD", "POST"])
def operation_password(request: PersonRequest, reimage_request_id: int, operation_id: int) -> HttpResponse:
    """The first POST asks the worker, with a key that this browser keeps; the second shows what it answered."""
    operation = password_views.require_view(request.user, reimage_request_id, operation_id)
    private_key = _key_of(request, operation_id)
    if request.method == "POST":
        return _show(request, operation, private_key)
    now = database_now()
    state = password_views.view_state(operation, now)
    is_ready = state is ViewState.READY
    context = {
        "operation": operation,
        "reimage_request": operation.reimage_request,
        "state": state.value,
        "until": password_views.seen_until(operation) if is_ready else None,
        "seen_at": password_views.seen_at(operation),
        "is_prepared": password_views.is_prepared(operation, private_key) if is_ready else None,
    }
    return render(request, "reimage/passwords/view.html", context)


def _show(request: PersonRequest, operation: ReimageOperation, private_key: bytes | None) -> HttpResponse:
    try:
        answer = password_views.show_password(
            requester=request.user,
            reimage_request_id=operation.reimage_request_id,
            operation_id=operation.pk,
            private_key=private_key,
            hand_over=partial(_shown, request, operation),
            now=database_now(),
        )
    except WrongState as err:
        err.way_on = reverse("reimage:request", args=[operation.reimage_request_id])
        raise
    return _asked(operation, answer) if isinstance(answer, Asked) else answer


def _shown(request: PersonRequest, operation: ReimageOperation, shown: Shown) -> HttpResponse:
    """It goes into the template whole: Django logs a template's context where a look-up fails."""
    context = {"operation": operation, "reimage_request": operation.reimage_request, "shown": shown}
    response = render(request, "reimage/passwords/shown.html", context)
    response.delete_cookie(_cookie_name(operation.pk), samesite="Strict")
    return response


def _asked(operation: ReimageOperation, answer: Asked) -> HttpResponse:
    response = redirect("reimage:operation-password", operation.reimage_request_id, operation.pk)
    response.set_cookie(
        _cookie_name(operation.pk),
        base64.urlsafe_b64encode(answer.private_key).decode(),
        max_age=KEY_SECONDS,
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Strict",
    )
    return response


def _cookie_name(operation_id: int) -> str:
    return f"{settings.PASSWORD_VIEW_COOKIE_NAME}_{operation_id}"


def _key_of(request: PersonRequest, operation_id: int) -> bytes | None:
    """What the browser kept; None for nothing, or for something that is no base64."""
    try:
        return base64.urlsafe_b64decode(request.COOKIES.get(_cookie_name(operation_id), "")) or None
    except (binascii.Error, ValueError):
        return None
