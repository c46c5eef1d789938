"""The list of a million events, by every filter and from its middle on in both directions, beside a minimal view."""

from statistics import median, quantiles

from tests.bench.audit.portal import Portal
from tests.bench.services import Services

EVENTS = 1_000_000
ROUNDS = 10
MOST_P95_MS = 200.0


def measure(services: Services, scale: float) -> dict[str, object]:
    """The list's p95 over all those pages, the minimal view's beside it, and which page is the slowest."""
    portal, count = Portal(services), max(100, round(EVENTS * scale))
    made = portal.ask("filling", count)
    times: dict[str, list[float]] = portal.ask("reviewing", max(1, round(ROUNDS * scale)))
    minimal = times.pop("minimal")
    pages = [taken for page in times.values() for taken in page]
    p95, minimal_p95 = (quantiles(taken, n=20)[-1] for taken in (pages, minimal))
    slowest = max(times, key=lambda name: median(times[name]))
    return {
        "events": count,
        **made,
        "p50_ms": round(median(pages), 1),
        "p95_ms": round(p95, 1),
        "minimal_p50_ms": round(median(minimal), 1),
        "minimal_p95_ms": round(minimal_p95, 1),
        "slowest": slowest.strip(),
        "slowest_p50_ms": round(median(times[slowest]), 1),
        "ratio": round(p95 / minimal_p95, 2),
        "met": p95 <= MOST_P95_MS,
    }
