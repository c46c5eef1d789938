"""Ends sessions whose time is over, leads people back to the sign-in, and speaks their language in their time zone."""

import zoneinfo
from collections.abc import Callable
from http import HTTPStatus
from typing import Any

from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.contrib.sessions.backends.base import UpdateError
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils import timezone, translation
from django_htmx.http import HttpResponseClientRedirect
from django_htmx.middleware import HtmxDetails

from portal.identity import services, sessions, step_up
from portal.identity.addresses import page_of, sign_in_address, sign_in_again_address
from portal.identity.decorators import is_passive, is_routine, kept_fields
from portal.identity.models import User
from portal.identity.time_zones import is_time_zone
from portal.safe_methods import SAFE_METHODS

GetResponse = Callable[[HttpRequest], HttpResponse]


class SessionLimitsMiddleware:
    """Idle and absolute limits, enforced here whatever the cookie says."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if isinstance(request.user, User) and sessions.has_expired(request.session, timezone.now()):
            services.expire_session(request=request, user=request.user)
            request.session_has_expired = True  # type: ignore[attr-defined]  # read below
        return self.get_response(request)

    def process_view(
        self, request: HttpRequest, view: Callable[..., object], _args: Any, _kwargs: Any
    ) -> HttpResponse | None:
        """Notes activity, or answers for Django's LoginRequiredMiddleware where its redirect would not do."""
        if request.user.is_authenticated:
            if not is_passive(view):
                sessions.touch(request.session, timezone.now())
            return None
        if not getattr(view, "login_required", True):
            return None
        # Whoever sends a form was signed in when its page was shown; a session ended elsewhere leaves no trace of it.
        has_ended = getattr(request, "session_has_expired", False) or request.method not in SAFE_METHODS
        if has_ended or HtmxDetails(request):
            return _to_sign_in(request, notice="expired" if has_ended else "")
        return None


class StepUpMiddleware:
    """Whatever changes something needs a young sign-in, unless its view is marked as routine."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(
        self, request: HttpRequest, view: Callable[..., object], _args: Any, _kwargs: Any
    ) -> HttpResponse | None:
        if request.method in SAFE_METHODS or not request.user.is_authenticated or is_routine(view):
            return None
        now = timezone.now()
        if step_up.is_fresh(request.session, now):
            step_up.forget_form(request.session)
            return None
        page = page_of(request)
        step_up.keep_form(
            request.session, request.POST, kept_fields(view), path=request.get_full_path(), page=page, now=now
        )
        return _whole_page_to(request, sign_in_again_address(next_path=page))


class SessionWriteMiddleware:
    """Writes what was noted in the session before the view does anything.

    Afterwards it would be too late: the deed is done, and the person would read that the database does not answer.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(
        self, request: HttpRequest, _view: Callable[..., object], _args: Any, _kwargs: Any
    ) -> HttpResponse | None:
        if not request.session.modified or request.session.is_empty():
            return None
        try:
            request.session.save()
        except UpdateError:  # ended meanwhile: in another window, or by an operator
            request.session.flush()
            request.user = AnonymousUser()
            return _to_sign_in(request, notice="expired")
        request.session.modified = False
        return None


def _to_sign_in(request: HttpRequest, *, notice: str) -> HttpResponse:
    return _whole_page_to(request, sign_in_address(next_path=page_of(request), notice=notice))


def _whole_page_to(request: HttpRequest, address: str) -> HttpResponse:
    if not HtmxDetails(request):
        return HttpResponseRedirect(address)
    # htmx would put a redirect's page inside this one; the header makes the whole page go there.
    response = HttpResponseClientRedirect(address)
    response.status_code = HTTPStatus.UNAUTHORIZED
    return response


class PersonalSettingsMiddleware:
    """The person's own language and time zone, else the browser's, else the installation's."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        user = request.user if isinstance(request.user, User) else None
        if user and user.language in dict(settings.LANGUAGES):
            translation.activate(user.language)
            request.LANGUAGE_CODE = user.language
        zone = _time_zone(request, user)
        request.time_zone_is_known = zone is not None  # type: ignore[attr-defined]  # read by the footer
        with timezone.override(zone or zoneinfo.ZoneInfo(settings.TIME_ZONE)):
            return self.get_response(request)


def _time_zone(request: HttpRequest, user: User | None) -> zoneinfo.ZoneInfo | None:
    """None before the browser has told its own: on the first page, or without scripts."""
    chosen = user.time_zone if user else ""
    for name in (chosen, request.COOKIES.get(settings.TIME_ZONE_COOKIE_NAME, "")):
        if is_time_zone(name):
            return zoneinfo.ZoneInfo(name)
    return None
