"""Takes browsers' reports of what the Content-Security-Policy stopped, and logs them. Believes and keeps nothing."""

import json
from http import HTTPStatus
from typing import Any

import structlog
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from portal.identity.decorators import limited, passive

MOST_BYTES = 16_384
MOST_REPORTS = 5
MOST_CHARACTERS = 200
# The older form (report-uri) writes them with hyphens: https://www.w3.org/TR/CSP3/#deprecated-serialize-violation
FIELDS = {
    "document": ("documentURL", "document-uri"),
    "blocked": ("blockedURL", "blocked-uri"),
    "directive": ("effectiveDirective", "effective-directive"),
    "source": ("sourceFile", "source-file"),
}
log = structlog.get_logger(__name__)


@passive
@csrf_exempt  # a browser sends it by itself, without a form; nothing is changed
@login_not_required
@limited("csp_report")
@require_POST
def csp_report(request: HttpRequest) -> HttpResponse:
    """204 for whatever could be read."""
    if int(request.META.get("CONTENT_LENGTH") or 0) > MOST_BYTES:
        return HttpResponse(status=HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
    try:
        violations = _violations(json.loads(request.body))
    except (ValueError, RecursionError):
        return HttpResponse(status=HTTPStatus.BAD_REQUEST)
    for violation in violations[:MOST_REPORTS]:
        log.warning("csp.violated", **violation)
    return HttpResponse(status=HTTPStatus.NO_CONTENT)


def _violations(document: Any) -> list[dict[str, str]]:
    """Either form of report, cut to a few short fields; addresses without their query, which may hold anything."""
    reports = document if isinstance(document, list) else [document]
    bodies = [report.get("body") or report.get("csp-report") for report in reports if isinstance(report, dict)]
    return [
        {name: _short(body, *spellings) for name, spellings in FIELDS.items()}
        for body in bodies
        if isinstance(body, dict)
    ]


def _short(body: dict[str, Any], *names: str) -> str:
    value = next((body[name] for name in names if name in body), "")
    return value.partition("?")[0][:MOST_CHARACTERS] if isinstance(value, str) else ""
