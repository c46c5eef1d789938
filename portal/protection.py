"""What is refused before a view runs: deeds that another site began, and more of them than a person does."""

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.deprecation import MiddlewareMixin
from django.utils.translation import gettext as _

from portal.audit.refusals import record_refusal
from portal.errors import NotAllowed, TooMany
from portal.identity.decorators import is_recorded, limit_of
from portal.identity.rate_limits import count
from portal.safe_methods import SAFE_METHODS
from portal.views import problem_page

# https://www.w3.org/TR/fetch-metadata/ ; "none" is the person, by the address bar. Old browsers say nothing.
OWN_SITES = ("", "none", "same-origin")


class FetchMetadataMiddleware(MiddlewareMixin):
    """Refuses deeds that, by the browser's own word, another origin began. The forms' tokens are a second lock."""

    def process_view(
        self, request: HttpRequest, view: Callable[..., object], _args: Any, _kwargs: Any
    ) -> HttpResponse | None:
        if not _is_deed(request, view) or getattr(view, "csrf_exempt", False):
            return None
        if request.headers.get("Sec-Fetch-Site", "") in OWN_SITES:
            return None
        problem = NotAllowed(
            _("Another site asked for this in your name; nothing was done."),
            _("Open the portal itself, and do it there."),
        )
        if not count(request, "foreign", timezone.now()).is_refused:
            record_refusal(request, problem)
        return problem_page(request, problem)


class RateLimitMiddleware(MiddlewareMixin):
    """Refuses what comes more often than its view's limit, with the time after which it is taken again."""

    def process_view(
        self, request: HttpRequest, view: Callable[..., object], _args: Any, _kwargs: Any
    ) -> HttpResponse | None:
        limit = limit_of(view)
        if limit is None or not (limit.reads_too or _is_deed(request, view)):
            return None
        verdict = count(request, limit.kind, timezone.now())
        if not verdict.is_refused:
            return None
        problem = TooMany(
            _("This came too often in a short time; nothing was changed."),
            _("Wait %(minutes)s min, then go back and send it again.") % {"minutes": -(-verdict.retry_after // 60)},
            retry_after=verdict.retry_after,
        )
        if verdict.is_first:
            record_refusal(request, problem)
        return problem_page(request, problem)


def _is_deed(request: HttpRequest, view: Callable[..., object]) -> bool:
    """Also what only reads, where the log tells that somebody did."""
    return request.method not in SAFE_METHODS or is_recorded(view, has_query=bool(request.GET))
