"""What every answer has in common: nothing is cached, too much is not read, a refusal is always an explained page."""

from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.db import Error
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.cache import patch_cache_control
from django.utils.deprecation import MiddlewareMixin
from django.utils.translation import gettext as _

from portal.audit.refusals import is_refusal, log_refusal, record_refusal, route_of
from portal.database_trouble import is_trouble
from portal.errors import Problem, TooLarge
from portal.identity.rate_limits import count
from portal.safe_methods import SAFE_METHODS
from portal.views import database_unavailable, problem_page


class NoStoreMiddleware:
    """Pages of a signed-in person stay out of every cache, the browser's own included; says where reports go."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        response["Reporting-Endpoints"] = f'csp="{settings.CSP_REPORT_PATH}"'
        if request.user.is_authenticated and not response.has_header("Cache-Control"):
            patch_cache_control(response, no_store=True, private=True)
        return response


class BodyLimitMiddleware:
    """Refuses a body that is too large, of unknown size or in another encoding, before anything reads it.

    Django's own limits leave out uploaded files, and meet the rest only while reading.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        length = request.META.get("CONTENT_LENGTH") or "0"
        is_chunked = bool(request.META.get("HTTP_TRANSFER_ENCODING"))
        if is_chunked or not length.isdecimal() or int(length) > settings.REQUEST_BODY_MAX_BYTES:
            return problem_page(request, _too_large())
        if request.content_type == "multipart/form-data" and (request.encoding or "utf-8").lower() != "utf-8":
            return problem_page(request, _not_utf_8())  # as Django refuses it of the other kind of form
        return self.get_response(request)


def _not_utf_8() -> Problem:
    return Problem(
        _("The portal reads forms in UTF-8 alone; nothing was read or changed."),
        _("Open the page in a browser of today, and send the form from there."),
    )


def _too_large() -> TooLarge:
    megabytes = settings.REQUEST_BODY_MAX_BYTES // 1_000_000
    return TooLarge(
        _("The portal takes at most %(megabytes)s MB at once, of announced size; nothing was read or changed.")
        % {"megabytes": megabytes},
        _("Go back and send less; customData may hold 65,535 bytes."),
    )


class ProblemMiddleware(MiddlewareMixin):
    """Turns a service's `Problem` into the page, or for htmx the fragment, that explains it, and records a refusal.

    A database that is locked or away is such a problem too.
    """

    def process_view(self, request: HttpRequest, _view: Callable[..., object], _args: Any, _kwargs: Any) -> None:
        """The last before the view: up to here nothing was done, whatever fails; afterwards a form's deed may be."""
        request.may_have_acted = request.method not in SAFE_METHODS  # type: ignore[attr-defined]  # read by _no_answer

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        if is_trouble(exception):
            return database_unavailable(request, exception)
        if not isinstance(exception, Problem):
            return None
        _tell(request, exception)
        return problem_page(request, exception)


def _tell(request: HttpRequest, problem: Problem) -> None:
    """Who is refused again and again fills no audit log: of one kind at one page, some a while are enough."""
    log_refusal(request, problem)
    if not is_refusal(request, problem):
        return
    try:
        verdict = count(request, "refusal", timezone.now(), of=f"{type(problem).__name__} {route_of(request)}")
    except Error:  # then there is no number, and the event itself tells that it cannot be recorded
        record_refusal(request, problem)
    else:
        if not verdict.is_refused:
            record_refusal(request, problem, is_last=verdict.is_last)
