"""A million sealed events, verified by `manage.py audit_verify` in a process of its own."""

import time

from tests.bench.audit.portal import Portal
from tests.bench.process import Memory, cpu_seconds_of_children
from tests.bench.services import Services

EVENTS = 1_000_000
MOST_SECONDS, MOST_MB = 60, 200


def measure(services: Services, scale: float) -> dict[str, object]:
    """Seconds and megabytes, with all processes that it starts; and what making the log took."""
    portal, count = Portal(services), max(100, round(EVENTS * scale))
    made = portal.ask("filling", count)
    spent, begin = cpu_seconds_of_children(), time.monotonic()
    with portal.start("manage.py", "audit_verify") as program, Memory(program.pid) as memory:
        printed, _ = program.communicate(timeout=3_600)
    seconds = time.monotonic() - begin
    verdict = printed.splitlines()[-1]
    is_sound = verdict.startswith(f"SOUND: {count} events sealed, anchored up to #{count}")
    return {
        "events": count,
        **made,
        "verdict": verdict,
        "seconds": round(seconds, 1),
        "cpu_s": round(cpu_seconds_of_children() - spent, 1),
        "mb": round(memory.peak_mb),
        "met": is_sound and seconds <= MOST_SECONDS and memory.peak_mb <= MOST_MB,
    }
