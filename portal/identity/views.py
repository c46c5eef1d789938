"""Signing in and out. Reads the request, calls a service, shows a page."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from portal.errors import Unavailable
from portal.identity import entra, flows, services, sessions, step_up
from portal.identity.addresses import leave_for, own_address, own_path, sign_in_address, sign_in_again_address
from portal.identity.claims import Claims
from portal.identity.decorators import limited, passive
from portal.identity.errors import SignInRefused
from portal.identity.groups import Memberships, memberships_of
from portal.identity.models import User
from portal.identity.tenant import entra_tenant
from portal.identity.tokens import verify_id_token


@login_not_required
@limited("sign_in")
@never_cache
@require_http_methods(["GET", "POST"])
def sign_in(request: HttpRequest) -> HttpResponse:
    """The page with the one button, and what the button does."""
    if request.method == "POST":
        return _begin(request)
    next_path = own_path(request.GET.get("next"))
    if request.user.is_authenticated:
        return HttpResponseRedirect(next_path)
    has_expired = request.GET.get("notice") == "expired"
    return render(request, "identity/sign_in.html", {"next": next_path, "has_expired": has_expired})


def _begin(request: HttpRequest) -> HttpResponse:
    flow = entra.begin_sign_in(
        redirect_uri=own_address("identity:callback"), language=get_language() or settings.LANGUAGE_CODE
    )
    flows.remember(request.session, flow, next_path=own_path(request.POST.get("next")), now=timezone.now())
    return leave_for(request, flow["auth_uri"])


@limited("sign_in", reads_too=True)
@never_cache
@require_GET
def sign_in_again(request: HttpRequest) -> HttpResponse:
    """Out to Entra ID and back with a proof that the person is there; what they typed is kept meanwhile."""
    next_path, now = own_path(request.GET.get("next")), timezone.now()
    kept = step_up.kept_form(request.session, now)
    if kept and next_path not in (kept.page, reverse("identity:resume")):
        kept = None  # of another page, begun in vain or in another tab: not what is renewed for
    if step_up.is_fresh(request.session, now):
        return HttpResponseRedirect(next_path)
    hint = request.session.get(sessions.LOGIN_HINT, "")
    flow = entra.begin_sign_in(
        redirect_uri=own_address("identity:callback"),
        language=get_language() or settings.LANGUAGE_CODE,
        asked_besides=step_up.parameters() | ({"login_hint": hint} if hint else {}),
    )
    way_back = reverse("identity:resume") if kept else next_path
    flows.remember(request.session, flow, next_path=way_back, now=now, is_step_up=True)
    return leave_for(request, flow["auth_uri"], because=_why_again(is_kept=bool(kept and kept.fields)))


def _why_again(*, is_kept: bool) -> str:
    needed = (
        _("This step needs a sign-in of the last %(minutes)s minutes. What you typed is kept until you are back.")
        if is_kept
        else _("This step needs a sign-in of the last %(minutes)s minutes.")
    )
    return needed % {"minutes": settings.STEP_UP_MINUTES}


@never_cache
@require_GET
def resume(request: HttpRequest) -> HttpResponse:
    """What was typed before the sign-in was renewed, to be sent or not."""
    kept = step_up.kept_form(request.session, timezone.now())
    if kept is None:
        return HttpResponseRedirect("/")
    if not kept.fields:
        return HttpResponseRedirect(kept.page)
    return render(request, "identity/resume.html", {"kept": kept})


@login_not_required
@limited("sign_in_answer", reads_too=True)
@never_cache
@require_GET
def callback(request: HttpRequest) -> HttpResponse:
    """Where Entra ID sends the browser back to, with a code or an error."""
    try:
        next_path = _finish(request)
    except SignInRefused as refusal:
        services.record_refusal(refusal)
        context = {"refusal": refusal, "next": refusal.next_path}
        return render(request, "identity/sign_in_refused.html", context, status=refusal.status)
    return HttpResponseRedirect(next_path)


def _finish(request: HttpRequest) -> str:
    begun = flows.take(request.session, request.GET.get("state", ""), now=timezone.now())
    beginner = request.user.pk
    with _way_on_from(begun):
        claims, memberships = _who_came_back(request, begun)
    user = services.sign_in(request=request, claims=claims, memberships=memberships)
    if not memberships.complete:
        messages.warning(request, _groups_unknown())
    if begun.is_step_up and user.pk != beginner:  # Django has ended the other session, and with it what was kept
        messages.warning(request, _somebody_elses_step(user))
        return "/"
    return begun.next_path


@contextmanager
def _way_on_from(begun: flows.OpenFlow) -> Iterator[None]:
    """The flow is used up, so a reload helps nobody: another sign-in begins anew, to the same end."""
    try:
        yield
    except SignInRefused as err:
        err.next_path = begun.next_path
        err.way_on = sign_in_again_address(next_path=begun.next_path) if begun.is_step_up else ""
        raise
    except Unavailable as err:
        begin_anew = sign_in_again_address if begun.is_step_up else sign_in_address
        err.way_on, err.way_on_label = begin_anew(next_path=begun.next_path), _("Sign in again")
        raise


def _who_came_back(request: HttpRequest, begun: flows.OpenFlow) -> tuple[Claims, Memberships]:
    """Asks Entra ID. Raises a `SignInRefused`, or `Unavailable`."""
    tokens = entra.finish_sign_in(begun.flow, request.GET.dict())
    claims = verify_id_token(
        tokens.id_token,
        tenant=entra_tenant(),
        audience=settings.ENTRA_CLIENT_ID,
        nonce=entra.nonce_of(begun.flow),
    )
    if begun.is_step_up:
        step_up.check_claims(claims, timezone.now())
    return claims, memberships_of(claims, access_token=tokens.access_token)


def _somebody_elses_step(user: User) -> str:
    return _(
        "You are signed in as %(name)s now. The step that was begun here is for the person who began it to confirm: "
        "nothing was sent, and what they typed is not kept."
    ) % {"name": user}


def _groups_unknown() -> str:
    return _(
        "You are in more groups than a sign-in can carry, and Microsoft Graph did not say which. "
        "What you may do through a group is not available now: sign out and in again in a few minutes."
    )


@login_not_required
@never_cache
@require_POST
def sign_out(request: HttpRequest) -> HttpResponse:
    """Ends the session here, then at Entra ID."""
    login_hint = services.sign_out(request=request)
    try:
        address = entra.sign_out_address(return_to=own_address("identity:signed-out"), login_hint=login_hint)
        response = leave_for(request, address)
    except Unavailable:
        response = redirect("identity:signed-out")
    response["Clear-Site-Data"] = '"cache", "storage"'
    return response


@passive
@login_not_required
@never_cache
@require_GET
def signed_out(request: HttpRequest) -> HttpResponse:
    """What people see after signing out."""
    return render(request, "identity/signed_out.html")
