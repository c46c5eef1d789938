"""Advances one operation by one step: claim, look or act at Azure, write what came of it. Never waits."""

from collections.abc import Callable, Mapping

import structlog

from portal.database_trouble import is_trouble
from reimage.azure import time_limits
from reimage.domain.operation_states import WORKER_STATES, OperationState
from reimage.services import crashes, following, leases, preflight, reconciliation, reimaging, verification
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
ANSWER = {"status": "azure_status", "azure_code": "azure_code"}  # of a note's parameters, as they are logged
if STEPS.keys() != WORKER_STATES:
    raise RuntimeError("every state that a worker advances needs exactly one step")


def advance_operation(operation_id: int) -> None:
    """One step of one operation, if it is due and nobody else is at it; otherwise nothing."""
    held = leases.claim(operation_id)
    if held is None:
        return
    with structlog.contextvars.bound_contextvars(**_ids(held)):
        state = held.operation.state
        log.info("operation.step", state=state)
        try:
            with time_limits.until(lambda: held.latest_answer):
                STEPS[OperationState(state)](held)
            log.info("operation.stepped", before=state, state=held.operation.state, **_note(held))
        except LeaseLost:
            log.warning("operation.lease_lost")
        except Exception as err:  # the lease lapses, and the step is taken again; after a mistake of ours not for ever
            log.exception("operation.crashed", state=state)
            if not is_trouble(err):
                _count_crash(held, err)


def _count_crash(held: Claim, error: Exception) -> None:
    try:
        crashes.count(held, error)
    except Exception:  # then the lease lapses
        log.exception("operation.crash_not_counted")


def _note(held: Claim) -> dict[str, object]:
    """Why it waits, if it does; of an answer of Azure that is not one to go on with, its status and code too."""
    note = held.operation.note
    params = note.get("params", {})
    answer = {logged: params[name] for name, logged in ANSWER.items() if name in params}
    return {"note": note.get("code"), **answer}


def _ids(held: Claim) -> dict[str, object]:
    """What each line about the step carries, so that one search finds all of an operation, here and at Azure."""
    operation = held.operation
    return {
        "reimage_request": operation.reimage_request_id,
        "operation": operation.pk,
        "vm": operation.resource_id,
        "client_request_id": str(operation.client_request_id or ""),
        "attempt": operation.attempt,
        "fence": held.fence,
    }
