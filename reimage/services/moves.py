"""The moves that several steps share: wait and come back, fail, or ask an administrator."""

from typing import Any

from django.db import transaction
from django.db.models.functions import Now

from reimage import audit_actions
from reimage.azure.errors import AzureError, AzureIdentityRefused, AzureRefused
from reimage.domain.operation_states import CANCELABLE, WORKER_STATES, OperationState
from reimage.models import ReimageOperation
from reimage.services import doorbell
from reimage.services.leases import Claim, commit, due_in
from reimage.services.pace import poll_seconds
from reimage.services.weighing import WEIGHED, Look, weighed

Finding = dict[str, object]


def wait(held: Claim, seconds: float, code: str, **params: object) -> None:
    """Stays in its state and comes back later; the page shows why."""
    state = OperationState(held.operation.state)
    commit(held, state, next_at=due_in(seconds), note={"code": code, "params": params})


def wait_for_azure(held: Claim, err: AzureError, **changes: Any) -> None:
    """A read failed, which proves nothing about the machine and burns nothing. Refused: somebody must mend a role.

    `changes` are columns to write along.
    """
    code = "azure_forbids" if isinstance(err, AzureRefused) else "azure_unavailable"
    if isinstance(err, AzureIdentityRefused):
        code = "identity_refused"
    note = {"code": code, "params": {"status": err.status, "azure_code": err.code}}
    state = OperationState(held.operation.state)
    commit(held, state, next_at=due_in(poll_seconds(err.retry_after)), note=note, **changes)


def wake(reason: str, **conditions: object) -> None:
    """After the commit: whatever waits for this is due at once. If that is lost, each comes back by itself."""
    states = CANCELABLE & WORKER_STATES
    waiting = ReimageOperation.objects.filter(state__in=states, note__code=reason, **conditions)

    def ring() -> None:
        ids = list(waiting.values_list("pk", flat=True))
        for pk in ids:  # one by one: never two rows' locks at once
            ReimageOperation.objects.filter(pk=pk, state__in=states).update(next_at=Now())
        doorbell.ring(ids)

    transaction.on_commit(ring, robust=True)  # the deed is done; what fails here must not look as if it were not


def standing_change(operation: ReimageOperation) -> list[Finding]:
    """What stays behind when an operation ends early: a deleteOption that was changed is not changed back."""
    if not int(operation.evidence.get("delete_option_calls", 0)):
        return []
    params = {
        "before": operation.stored_plan.get("delete_option_before"),
        "after": operation.stored_plan.get("delete_option_at_reimage"),
    }
    return [{"code": "delete_option_stays_changed", "params": params}]


def fail(held: Claim, code: str, **params: object) -> None:
    """Ends the operation; no reimage was executed, and the reason is kept for people."""
    note = {"code": code, "params": params}
    findings = standing_change(held.operation)
    commit(
        held,
        OperationState.FAILED,
        action=audit_actions.OPERATION_FAILED,
        detail={**note, "findings": findings},
        note=note,
        findings=findings,
    )


def ask_for_attention(held: Claim, code: str, look: Look | None = None, **params: object) -> None:
    """Evidence is at its end: an administrator decides. `look` is the last one, where one was taken."""
    note = {"code": code, "params": params}
    evidence = weighed(held.operation, look or Look())
    commit(
        held,
        OperationState.NEEDS_ATTENTION,
        action=audit_actions.OPERATION_NEEDS_ATTENTION,
        detail={**note, "evidence": evidence},
        note=note,
        evidence={**held.operation.evidence, WEIGHED: evidence},
        next_at=None,
    )
