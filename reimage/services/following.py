"""Follows Azure's operation: one look a step, decided by the body's status."""

from reimage import audit_actions
from reimage.azure.operations import Poll, PollStatus, poll_operation
from reimage.domain.operation_states import OperationState
from reimage.services.generated_passwords import without_it
from reimage.services.leases import Claim, commit, due_in
from reimage.services.moves import ask_for_attention, standing_change
from reimage.services.pace import PATIENCE, poll_seconds


def poll(held: Claim) -> None:
    """in_progress → verifying, failed, outcome_unknown or needs_attention; or looks again later."""
    operation = held.operation
    subscription_id = operation.reimage_plan.resource_id.subscription_id
    look = poll_operation(subscription_id, operation.operation_url)
    match look.status:
        case PollStatus.SUCCEEDED:
            _ended(held, OperationState.VERIFYING, look)
        case PollStatus.FAILED | PollStatus.CANCELED:
            _ended(held, OperationState.FAILED, look)
        case PollStatus.GONE:
            # Azure forgets operations; that says nothing about the machine.
            _reconcile(held, "operation_gone")
        case PollStatus.UNTRUSTED:
            ask_for_attention(held, "operation_address_foreign")
        case _:
            _look_again(held, look)


def _look_again(held: Claim, look: Poll) -> None:
    accepted_at = held.operation.accepted_at
    # Patience is for Azure: while the portal may not even ask, the machine could not be asked either.
    may_ask = look.status is not PollStatus.UNAUTHENTICATED
    if may_ask and accepted_at and held.now - accepted_at > PATIENCE:
        return _reconcile(held, "operation_takes_long")  # the machine may tell more, and a person only after it
    next_at = due_in(poll_seconds(look.retry_after))
    return commit(held, OperationState.IN_PROGRESS, note=_note(look), next_at=next_at)


def _note(look: Poll) -> dict[str, object]:
    params = {"status": look.http_status, "azure_code": look.code}
    match look.status:
        case PollStatus.UNAUTHENTICATED:
            return {"code": "identity_refused", "params": params}
        case PollStatus.FORBIDDEN:
            return {"code": "azure_forbids", "params": params}
        case PollStatus.NO_ANSWER:
            return {"code": "azure_unavailable", "params": params}
        case _:
            return {}


def _ended(held: Claim, state: OperationState, look: Poll) -> None:
    # Of what was sealed at the approval nothing is left to look for by now; a generated password still waits.
    code, message = (without_it(held.operation, words) for words in (look.code, look.message))
    detail = {"status": look.status.value, "azure_code": code, "message": message}
    failed = state is OperationState.FAILED
    note = {"code": "azure_operation_failed", "params": detail} if failed else {}
    next_at = None if failed else due_in(0)
    findings = standing_change(held.operation) if failed else []
    evidence = {**held.operation.evidence, "ended_at": held.now.isoformat()}
    commit(
        held,
        state,
        action=audit_actions.OPERATION_ENDED_AT_AZURE,
        detail=detail,
        note=note,
        evidence=evidence,
        findings=findings,
        next_at=next_at,
    )


def _reconcile(held: Claim, code: str) -> None:
    """The operation tells nothing (any more): the evidence decides."""
    note = {"code": code, "params": {}}
    commit(
        held,
        OperationState.OUTCOME_UNKNOWN,
        action=audit_actions.OPERATION_UNKNOWN,
        detail=note,
        note=note,
        next_at=due_in(poll_seconds()),
    )
