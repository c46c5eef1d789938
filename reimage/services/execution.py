"""Advances one operation by one step: claim, look or act at Azure, write what came of it. Never waits."""

from collections.abc import Callable, Mapping

import structlog

from reimage.domain.operation_states import WORKER_STATES, OperationState
from reimage.services import following, leases, preflight, reconciliation, reimaging, verification
from reimage.services.leases import Claim, LeaseLost

log = structlog.get_logger(__name__)

STEPS: Mapping[OperationState, Callable[[Claim], None]] = {
    OperationState.QUEUED: preflight.start,
    OperationState.PREFLIGHT: preflight.check,
    OperationState.SETTING_DELETE_OPTION: preflight.check,
    OperationState.SUBMITTING: reimaging.recover,
    OperationState.IN_PROGRESS: following.poll,
    OperationState.OUTCOME_UNKNOWN: reconciliation.reconcile,
    OperationState.VERIFYING: verification.verify,
}
if STEPS.keys() != WORKER_STATES:
    raise RuntimeError("every state that a worker advances needs exactly one step")


def advance_operation(operation_id: int) -> None:
    """One step of one operation, if it is due and nobody else is at it; otherwise nothing."""
    held = leases.claim(operation_id)
    if held is None:
        return
    operation = held.operation
    with structlog.contextvars.bound_contextvars(
        reimage_request=operation.reimage_request_id, operation=operation.pk, fence=held.fence
    ):
        log.info("operation.step", state=operation.state)
        try:
            STEPS[OperationState(operation.state)](held)
        except LeaseLost:
            log.warning("operation.lease_lost")
        except Exception:  # our own mistake: the lease lapses, and the step is taken again from what is stored
            log.exception("operation.crashed", state=operation.state)
