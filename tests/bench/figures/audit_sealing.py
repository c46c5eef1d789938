"""Writers write while a worker and beat, as they run for real, seal and anchor: how long after each event?"""

import time
from bisect import bisect_right
from dataclasses import dataclass, field
from datetime import datetime
from statistics import quantiles

from deploy import audit_key
from tests.bench.services import Services
from tests.installation import Installation, wait_for
from tests.sandbox_process import SandboxProcess

WRITERS = 8
SECONDS = 40
MOST_SEALED_S, MOST_ANCHORED_S = 5, 30
STATE = """
    SELECT (SELECT COALESCE(MAX(tree_size), 0) FROM audit_auditcheckpoint),
           (SELECT COALESCE(MIN(tree_size), 0) FROM audit_auditanchor)
"""
# Written a few milliseconds before its commit, which is in our disfavour.
OCCURRED = """
    SELECT event.occurred_at FROM audit_auditleaf leaf JOIN audit_auditevent event ON event.id = leaf.event_id
    ORDER BY leaf.leaf_index
"""


@dataclass
class Course:
    """How far the log was sealed and anchored, and when that was seen."""

    seen_at: list[float] = field(default_factory=list)
    sealed: list[int] = field(default_factory=list)
    anchored: list[int] = field(default_factory=list)

    def look(self, installation: Installation) -> tuple[int, int]:
        ((sealed, anchored),) = installation.query(STATE)
        self.seen_at.append(time.time())
        self.sealed.append(sealed)
        self.anchored.append(anchored)
        return sealed, anchored

    def lags(self, sizes: list[int], occurred: list[float]) -> list[float]:
        """Seconds from each event to the first sight of a log that holds it."""
        return [self.seen_at[bisect_right(sizes, place)] - moment for place, moment in enumerate(occurred)]


def measure(services: Services, scale: float) -> dict[str, object]:
    """The longest and the usual time from an event to its seal, and to its anchor."""
    seconds, key, course = max(2.0, SECONDS * scale), services.folder / "audit.pem", Course()
    audit_key.make_private_key(key)
    with Installation(
        services.folder,
        database_url=services.database_url,
        broker_url=services.broker_url,
        sandbox=SandboxProcess(),
        AUDIT_SIGNING_KEY_FILE=key,
    ) as installation:
        installation.start_worker()
        wait_for(installation.has_worker, of="the worker")
        installation.start_beat()
        installation.run("-m", "tests.bench.audit.appending", "many", 1, 0.1, WRITERS)
        wait_for(lambda: min(course.look(installation)) > 0, of="the first anchor: beat and worker run", every=0.1)
        ((before,),) = installation.query("SELECT COUNT(*) FROM audit_auditevent")
        writers = installation.start("writers", "-m", "tests.bench.audit.appending", "many", WRITERS, seconds, 0)
        while writers.poll() is None:
            course.look(installation)
            time.sleep(0.1)
        ((count,),) = installation.query("SELECT COUNT(*) FROM audit_auditevent")
        wait_for(lambda: min(course.look(installation)) >= count, of="the last anchor", every=0.1)
        occurred = [_seconds(moment) for (moment,) in installation.query(OCCURRED)][:count]
    sealed, anchored = (course.lags(sizes, occurred)[before:] for sizes in (course.sealed, course.anchored))
    return {
        "events": count - before,
        "events_per_s": round((count - before) / seconds),
        "sealed_p50_s": round(quantiles(sealed, n=2)[0], 1),
        "sealed_max_s": round(max(sealed), 1),
        "anchored_max_s": round(max(anchored), 1),
        "met": max(sealed) <= MOST_SEALED_S and max(anchored) <= MOST_ANCHORED_S,
    }


def _seconds(moment: datetime | str) -> float:
    """SQLite has times as texts, in UTC."""
    return (datetime.fromisoformat(f"{moment}+00:00") if isinstance(moment, str) else moment).timestamp()
