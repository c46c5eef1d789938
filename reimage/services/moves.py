"""The moves that several steps share: wait and come back, fail, or ask an administrator."""

from reimage import audit_actions
from reimage.azure.errors import AzureError, AzureRefused
from reimage.domain.operation_states import OperationState
from reimage.services.leases import Claim, commit, due_in
from reimage.services.pace import poll_seconds

Finding = dict[str, object]


def wait(held: Claim, seconds: float, code: str, **params: object) -> None:
    """Stays in its state and comes back later; the page shows why."""
    state = OperationState(held.operation.state)
    commit(held, state, next_at=due_in(seconds), note={"code": code, "params": params})


def wait_for_azure(held: Claim, err: AzureError) -> None:
    """A read failed, which proves nothing about the machine and burns nothing. Refused: somebody must mend a role."""
    code = "azure_forbids" if isinstance(err, AzureRefused) else "azure_unavailable"
    wait(held, poll_seconds(err.retry_after), code, status=err.status, azure_code=err.code)


def fail(held: Claim, code: str, **params: object) -> None:
    """Ends the operation; nothing was executed, and the reason is kept for people."""
    note = {"code": code, "params": params}
    commit(held, OperationState.FAILED, action=audit_actions.OPERATION_FAILED, detail=note, note=note)


def ask_for_attention(held: Claim, code: str, **params: object) -> None:
    """Evidence is at its end: an administrator decides."""
    note = {"code": code, "params": params}
    commit(
        held,
        OperationState.NEEDS_ATTENTION,
        action=audit_actions.OPERATION_NEEDS_ATTENTION,
        detail=note,
        note=note,
        next_at=None,
    )
