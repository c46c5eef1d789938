"""One worker process and a thousand operations that run at Azure at the same time, polled every 15 seconds."""

from statistics import quantiles

from tests.bench.reimages import Run, approve, carry_through
from tests.bench.services import Services
from tests.installation import Installation
from tests.sandbox_process import SandboxProcess

OPERATIONS = 1_000
OPERATION_SECONDS = 180  # long enough that the last is accepted before the first ends
MACHINES_PER_OPERATION = 20  # of which one is in the chosen subscription and region
MAX_RATIO, MAX_CORES, MAX_MB = 1.2, 1.0, 300


def measure(services: Services, scale: float) -> dict[str, object]:
    """Wall and Azure's own time, CPU, calls and memory."""
    count = max(2, round(OPERATIONS * scale))
    seconds = OPERATION_SECONDS if scale >= 1 else max(2, round(OPERATION_SECONDS * scale))
    sandbox = SandboxProcess(vms=max(200, count * MACHINES_PER_OPERATION), operation_seconds=seconds)
    with Installation(
        services.folder,
        database_url=services.database_url,
        broker_url=services.broker_url,
        sandbox=sandbox,
        BREAKER_REIMAGES=0,  # so many at once are what it stops
    ) as installation:
        approve(installation, count)
        return _figure(carry_through(installation, count), seconds)


def _figure(run: Run, operation_seconds: float) -> dict[str, object]:
    count = len(run.operations)
    accepted = run.accepted_at
    wall = _span(min(one.submitted_at for one in run.operations), max(one.finished_at for one in run.operations))
    sending = _span(min(accepted.values()), max(accepted.values()))
    azure = sending + operation_seconds
    lags = [_span(accepted[one.name.lower()], one.finished_at) - operation_seconds for one in run.operations]
    together = _most_at_once(sorted(moment.timestamp() for moment in accepted.values()), operation_seconds)
    found: dict[str, object] = {
        "operations": count,
        "states": run.states,
        "at_once": together,
        "wall_s": round(wall, 1),
        "azure_s": round(azure, 1),
        "sending_s": round(sending, 1),
        "ratio": round(wall / azure, 3),
        "lag_p95_s": round(quantiles(lags, n=20)[-1], 1),
        "cpu_s": round(run.cpu_s, 1),
        "cores": round(run.cpu_s / wall, 3),
        "cpu_ms_per_operation": round(1_000 * run.cpu_s / count, 1),
        "arm_calls_per_operation": round(len(run.arm) / count, 2),
        "rss_mb": round(run.peak_mb, 1),
        "mb_per_operation": round((run.peak_mb - run.idle_mb) / count, 3),
        "throttled": run.throttled,
    }
    good = run.states == {"succeeded": count} and run.throttled == 0
    quick = wall / azure <= MAX_RATIO and run.cpu_s / wall <= MAX_CORES and run.peak_mb <= MAX_MB
    return found | {"met": good and quick}


def _span(begin, end) -> float:
    return float((end - begin).total_seconds())


def _most_at_once(begins: list[float], seconds: float) -> int:
    return max(sum(begin <= moment < begin + seconds for begin in begins) for moment in begins)
