"""The two addresses that machines ask: /readyz for an alarm, /metrics for Prometheus."""

from http import HTTPStatus

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.utils.crypto import constant_time_compare
from django.views.decorators.http import require_safe
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily

from portal.health.readings import Check, Figure
from portal.health.report import report
from portal.identity.decorators import passive

UNCACHED = {"Cache-Control": "no-store"}


@passive
@login_not_required
@require_safe
def readyz(request: HttpRequest) -> JsonResponse:
    """200 if every check holds, else 503. Open to all: numbers alone, nothing of people, machines or hosts."""
    found = report()
    body = {"ready": found.is_ready, "checks": [_shown(check) for check in found.checks]}
    status = HTTPStatus.OK if found.is_ready else HTTPStatus.SERVICE_UNAVAILABLE
    return JsonResponse(body, status=status, headers=UNCACHED)


def _shown(check: Check) -> dict[str, object]:
    measured = {} if check.limit is None else {"value": check.value, "limit": check.limit, "unit": check.unit}
    return {"name": check.name, "ok": check.ok, **measured}


@passive
@login_not_required
@require_safe
def metrics(request: HttpRequest) -> HttpResponse:
    """The figures, for whoever has METRICS_TOKEN. Without a token there are none, but on a local installation."""
    if not settings.METRICS_TOKEN and not settings.METRICS_ARE_OPEN:
        raise Http404
    if settings.METRICS_TOKEN and not _has_token(request):
        return HttpResponse(status=HTTPStatus.UNAUTHORIZED, headers={"WWW-Authenticate": "Bearer", **UNCACHED})
    return HttpResponse(exposition(report().figures), content_type=CONTENT_TYPE_LATEST, headers=UNCACHED)


def _has_token(request: HttpRequest) -> bool:
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    return scheme.lower() == "bearer" and constant_time_compare(token.strip(), settings.METRICS_TOKEN)


def exposition(figures: tuple[Figure, ...]) -> bytes:
    """Prometheus' text format. Gauges read at this moment, so any number of web processes tells the same."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Collector(figures))
    return generate_latest(registry)


class _Collector:
    def __init__(self, figures: tuple[Figure, ...]) -> None:
        self._figures = figures

    def collect(self) -> list[GaugeMetricFamily]:
        return [_family(figure) for figure in self._figures]


def _family(figure: Figure) -> GaugeMetricFamily:
    family = GaugeMetricFamily(figure.name, figure.meaning, labels=figure.labels)
    for labels, value in figure.values.items():
        family.add_metric(labels, value)
    return family
