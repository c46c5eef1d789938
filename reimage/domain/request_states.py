"""The life of a ReimageRequest: the people's side. A draft that is given up is deleted, not canceled."""

from collections.abc import Iterable
from enum import StrEnum

from reimage.domain import operation_states
from reimage.domain.errors import DomainError
from reimage.domain.life_cycle import LifeCycle
from reimage.domain.operation_states import OperationState


class RequestState(StrEnum):
    DRAFT = "draft"
    PENDING_APPROVAL = "pending_approval"
    APPROVED = "approved"
    EXECUTING = "executing"
    COMPLETED = "completed"
    COMPLETED_WITH_PROBLEMS = "completed_with_problems"
    FAILED = "failed"
    REJECTED = "rejected"
    CANCELED = "canceled"
    EXPIRED = "expired"


_S = RequestState

TERMINAL = frozenset({_S.COMPLETED, _S.COMPLETED_WITH_PROBLEMS, _S.FAILED, _S.REJECTED, _S.CANCELED, _S.EXPIRED})

LIFE_CYCLE = LifeCycle(
    RequestState,
    initial=_S.DRAFT,
    terminal=TERMINAL,
    table={
        _S.DRAFT: (_S.PENDING_APPROVAL,),
        _S.PENDING_APPROVAL: (_S.APPROVED, _S.REJECTED, _S.CANCELED, _S.EXPIRED),
        _S.APPROVED: (_S.EXECUTING, _S.CANCELED),
        _S.EXECUTING: (_S.COMPLETED, _S.COMPLETED_WITH_PROBLEMS, _S.FAILED),
        _S.COMPLETED: (),
        _S.COMPLETED_WITH_PROBLEMS: (),
        _S.FAILED: (),
        _S.REJECTED: (),
        _S.CANCELED: (),
        _S.EXPIRED: (),
    },
)

# Open: occupying its virtual machines, on every list of what goes on.
OPEN = frozenset({_S.PENDING_APPROVAL, _S.APPROVED, _S.EXECUTING})
CANCELABLE = LIFE_CYCLE.sources(_S.CANCELED)

allowed = LIFE_CYCLE.allowed
mermaid = LIFE_CYCLE.mermaid


def request_outcome(operations: Iterable[tuple[OperationState, bool]]) -> RequestState:
    """How an executing request ends. Of each operation: its terminal state, and whether verification found problems."""
    ended = tuple(operations)
    if not ended or any(state not in operation_states.TERMINAL for state, _ in ended):
        raise DomainError("a request ends when it has operations and every one of them has ended")
    succeeded = [has_problems for state, has_problems in ended if state is OperationState.SUCCEEDED]
    if not succeeded:
        return RequestState.FAILED
    if len(succeeded) < len(ended) or any(succeeded):
        return RequestState.COMPLETED_WITH_PROBLEMS
    return RequestState.COMPLETED
