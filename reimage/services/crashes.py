"""A step that a mistake of ours ends: taken again after growing pauses, and given up after some. See decision 0028."""

import structlog

from reimage.domain.operation_states import CANCELABLE, WORKER_STATES, OperationState
from reimage.models import ReimageOperation
from reimage.services.leases import Claim, due_in
from reimage.services.moves import ask_for_attention, fail

FIRST_PAUSE_SECONDS = 5
LONGEST_PAUSE_SECONDS = 300
ALARM_FROM = 3  # crashes in a row: one may be a passing trouble
MAX_CRASHES = 8  # with these pauses, some ten minutes
log = structlog.get_logger(__name__)


def count(held: Claim, error: Exception) -> None:
    """One more in a row. Writes nothing if the operation is not this worker's any more, or waits for none."""
    operation = held.operation
    operation.refresh_from_db()  # what was committed before it crashed
    if operation.state not in WORKER_STATES or operation.fence != held.fence:
        return
    times = operation.crashes + 1
    if times < MAX_CRASHES or not _has_given_up(held, times, error):
        _pause(held, times, error)


def pause_seconds(times: int) -> float:
    """Until the step is taken again after so many crashes in a row."""
    return float(min(LONGEST_PAUSE_SECONDS, FIRST_PAUSE_SECONDS * 2 ** (min(times, MAX_CRASHES) - 1)))


def _pause(held: Claim, times: int, error: Exception) -> None:
    code = "step_keeps_crashing" if times >= ALARM_FROM else "step_crashed"
    mine = ReimageOperation.objects.filter(pk=held.operation.pk, fence=held.fence, state=held.operation.state)
    mine.update(
        crashes=min(times, MAX_CRASHES),
        lease_until=None,
        next_at=due_in(pause_seconds(times)),
        # The error's kind alone: its text may hold anything.
        note={"code": code, "params": {"times": times, "error": type(error).__name__}},
    )


def _has_given_up(held: Claim, times: int, error: Exception) -> bool:
    """Up to the POST it fails; after it, only a person can say what became of the machine."""
    name = type(error).__name__
    try:
        if OperationState(held.operation.state) in CANCELABLE:
            fail(held, "step_given_up", times=times, error=name)
        else:
            ask_for_attention(held, "step_given_up_after_post", times=times, error=name)
    except Exception:  # what is stored of it may be what crashes: then it goes on waiting, and the alarm stays
        log.exception("operation.not_given_up")
        return False
    return True
