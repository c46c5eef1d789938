"""What every answer has in common: nothing is cached, and a refusal is always an explained page."""

from collections.abc import Callable

from django.db import OperationalError
from django.http import HttpRequest, HttpResponse
from django.utils.cache import patch_cache_control
from django.utils.deprecation import MiddlewareMixin

from portal.audit.refusals import record_refusal
from portal.errors import Problem
from portal.views import database_unavailable, problem_page


class NoStoreMiddleware:
    """Pages of a signed-in person stay out of every cache, the browser's own included."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if request.user.is_authenticated and not response.has_header("Cache-Control"):
            patch_cache_control(response, no_store=True, private=True)
        return response


class ProblemMiddleware(MiddlewareMixin):
    """Turns a service's `Problem` into the page, or for htmx the fragment, that explains it, and records a refusal.

    A database that is locked or away is such a problem too: nothing of the request was changed.
    """

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        if isinstance(exception, OperationalError):
            return database_unavailable(request, exception)
        if not isinstance(exception, Problem):
            return None
        record_refusal(request, exception)
        return problem_page(request, exception)
