"""Five hundred approvals at once, in one subscription and region of which others have used nearly all: not one 429.

Azure allows 500 updates a minute there and 1,500 at once ; 100 of those are left.
"""

from tests.bench.reimages import approve, carry_through
from tests.bench.services import Services
from tests.installation import Installation
from tests.sandbox_process import SandboxProcess

APPROVALS = 500
UPDATES_LEFT = 100
UPDATES_PER_MINUTE = 500
OPERATION_SECONDS = 10
MACHINES_PER_OPERATION = 20  # of which one is in the chosen subscription and region


def measure(services: Services, scale: float) -> dict[str, object]:
    """How many calls Azure refused for their number, and how long the POSTs took beside the least that Azure allows."""
    count = max(2, round(APPROVALS * scale))
    sandbox = SandboxProcess(vms=max(200, count * MACHINES_PER_OPERATION), operation_seconds=OPERATION_SECONDS)
    with Installation(
        services.folder,
        database_url=services.database_url,
        broker_url=services.broker_url,
        sandbox=sandbox,
        BREAKER_REIMAGES=0,  # so many at once are what it stops
    ) as installation:
        approve(installation, count)
        sandbox.control("POST", "throttling", {"updates_left": min(UPDATES_LEFT, count // 5)})
        run = carry_through(installation, count)
    moments = sorted(run.accepted_at.values())
    return {
        "operations": count,
        "states": run.states,
        "throttled": run.throttled,
        "posts": sum(entry["path"].endswith("/reimage") for entry in run.arm),
        "drained_s": round((moments[-1] - moments[0]).total_seconds(), 1),
        "least_s": round(60 * max(0, count - min(UPDATES_LEFT, count // 5)) / UPDATES_PER_MINUTE, 1),
        "met": run.states == {"succeeded": count} and run.throttled == 0,
    }
