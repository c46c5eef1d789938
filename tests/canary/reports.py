"""Django's report of the exception at hand, in both forms: only the one in HTML has local variables."""

import sys
from html import unescape

from django.http import HttpRequest
from django.views.debug import get_exception_reporter_class


def error_reports(request: HttpRequest) -> dict[str, bytes]:
    """By their names. It is unescaped, as a reader sees it.

    Lines of source around the calls are in them, so no secret may be spelled out there.
    """
    reporter = get_exception_reporter_class(request)(request, *sys.exc_info())
    return {
        "error report as text": reporter.get_traceback_text().encode(),
        "error report as HTML": unescape(reporter.get_traceback_html()).encode(),
    }
