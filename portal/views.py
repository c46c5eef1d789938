"""The pages that belong to the whole site: problems, and the probes of liveness and readiness."""

import sys
from datetime import timedelta
from http import HTTPStatus

import structlog
from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import DisallowedHost
from django.db import Error
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from portal.appearance import THEMES
from portal.audit.refusals import record_refusal
from portal.database_trouble import NO_ROOM, cause_of, is_trouble
from portal.errors import NotAllowed, NotFound, Problem, TooMany, Unavailable
from portal.identity.decorators import passive
from portal.identity.rate_limits import count

RETRY_SECONDS = 30
log = structlog.get_logger(__name__)

TITLES = {
    HTTPStatus.BAD_REQUEST: lambda: _("This request cannot be read"),
    HTTPStatus.NOT_FOUND: lambda: _("There is nothing here for you"),
    HTTPStatus.FORBIDDEN: lambda: _("You may not do this"),
    HTTPStatus.CONFLICT: lambda: _("This is no longer as your page showed it"),
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: lambda: _("This is too much at once"),
    HTTPStatus.TOO_MANY_REQUESTS: lambda: _("Please wait a moment"),
    HTTPStatus.SERVICE_UNAVAILABLE: lambda: _("Not available right now"),
    HTTPStatus.INTERNAL_SERVER_ERROR: lambda: _("Something broke on our side"),
}


def problem_page(request: HttpRequest, problem: Problem) -> HttpResponse:
    """The explained refusal: a full page, or for htmx the same text as a fragment."""
    template = "problem/_problem.html" if getattr(request, "htmx", False) else "problem/page.html"
    response = render(request, template, _explained(problem, problem.status), status=problem.status)
    if isinstance(problem, TooMany):
        response["Retry-After"] = str(problem.retry_after)
    return response


def _explained(problem: Problem, status: HTTPStatus) -> dict[str, object]:
    title = TITLES.get(status, TITLES[HTTPStatus.BAD_REQUEST])()
    return {"problem": problem, "title": title, "status": status.value}


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """The form came from elsewhere, or its token is from an older session. Nothing of the form is shown again."""
    problem = NotAllowed(
        _("This form is too old, or it was not sent from this site; nothing was changed."),
        _("Go back, reload the page and send the form again."),
    )
    if not count(request, "foreign", timezone.now()).is_refused:
        record_refusal(request, problem)
    return problem_page(request, problem)


def page_not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Django's 404, in the portal's words."""
    return problem_page(
        request,
        NotFound(
            _("This page does not exist, or you may not see it."), _("Check the address, or start from “My work”.")
        ),
    )


def permission_denied(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Django's 403, in the portal's words."""
    return problem_page(request, NotAllowed(_("You do not have the role that this page needs.")))


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Django's 400: a host name that is not the portal's, or else above all a body over the limit."""
    if isinstance(exception, DisallowedHost):
        return problem_page(
            request,
            Problem(
                _("The portal does not answer to the host name of this address."),
                _("Open the portal by its own address; your administrator can tell you it."),
            ),
        )
    return problem_page(
        request,
        Problem(
            _("The portal could not read what was sent; it may be too large."),
            _("Go back and send less; customData may hold 65,535 bytes."),
        ),
    )


def database_unavailable(request: HttpRequest, error: Error) -> HttpResponse:
    """Locked, full or away. Rendered without the request, which would ask the database who is signed in."""
    cause = cause_of(error)
    log.warning("database.unavailable", cause=cause)
    problem = _no_room(request) if cause in NO_ROOM else _no_answer(request)
    template = "problem/_problem.html" if getattr(request, "htmx", False) else "problem/page.html"
    html = render_to_string(template, _explained(problem, problem.status))
    return HttpResponse(html, status=problem.status, headers={"Retry-After": str(RETRY_SECONDS)})


def _no_answer(request: HttpRequest) -> Unavailable:
    """A commit whose answer was lost may have been made, and so may an earlier one of the same form's."""
    if getattr(request, "may_have_acted", False):
        return Unavailable(
            _("The database does not answer in time; the portal cannot know whether what you sent was done."),
            _("Wait a minute, then look whether it was done. Send it again only if it was not."),
        )
    return Unavailable(
        _("The database does not answer in time; nothing was changed."), _("Wait a minute and try again.")
    )


def _no_room(request: HttpRequest) -> Unavailable:
    """Of a form's deeds an earlier one may have found room."""
    if getattr(request, "may_have_acted", False):
        return Unavailable(
            _("The disk of the portal's database is full; the portal cannot know whether what you sent was done."),
            _("Tell your administrator. Once there is room, look whether it was done, and send it again if not."),
        )
    return Unavailable(
        _("The disk of the portal's database is full; nothing was changed."),
        _("Tell your administrator. Once there is room, send it again; what was approved goes on by itself."),
    )


def server_error(request: HttpRequest) -> HttpResponse:
    """Django's 500. Nothing of the error is shown; the request id finds it in the log.

    Rendered without the request: who is signed in stands in the database, which may be what broke.
    """
    error = sys.exc_info()[1]
    if is_trouble(error):  # raised by a middleware, where no other one sees it
        return database_unavailable(request, error)
    problem = Problem(
        _("Nothing that was not confirmed has been changed."),
        _("Try again. If it happens again, tell your administrator this number: %(id)s")
        % {"id": getattr(request, "request_id", "–")},
    )
    status = HTTPStatus.INTERNAL_SERVER_ERROR
    return HttpResponse(render_to_string("problem/page.html", _explained(problem, status)), status=status)


@login_not_required
@require_POST
def theme(request: HttpRequest) -> HttpResponse:
    """Keeps the choice of light, dark or automatic for a year, and goes back to where it was made."""
    choice = request.POST.get("theme", "")
    if choice not in dict(THEMES):
        raise Problem(_("There is no theme of this name."), _("Choose automatic, light or dark."))
    back = request.POST.get("next", "")
    if not url_has_allowed_host_and_scheme(back, allowed_hosts={request.get_host()}, require_https=request.is_secure()):
        back = "/"
    response = HttpResponseRedirect(back)
    response.set_cookie(
        settings.THEME_COOKIE_NAME,
        choice,
        max_age=timedelta(days=365),
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )
    return response


@passive
@login_not_required
@require_safe
def healthz(request: HttpRequest) -> HttpResponse:
    """Liveness: the process answers."""
    return HttpResponse("ok", content_type="text/plain")
