"""The life of one ReimageOperation: Azure's side, one virtual machine. Knows nothing of who approved it."""

from enum import StrEnum

from reimage.domain.life_cycle import LifeCycle


class OperationState(StrEnum):
    PLANNED = "planned"
    AWAITING_APPROVAL = "awaiting_approval"
    AWAITING_PASSWORD = "awaiting_password"  # noqa: S105 a state
    QUEUED = "queued"
    PREFLIGHT = "preflight"
    SETTING_DELETE_OPTION = "setting_delete_option"
    SUBMITTING = "submitting"
    IN_PROGRESS = "in_progress"
    VERIFYING = "verifying"
    OUTCOME_UNKNOWN = "outcome_unknown"
    NEEDS_ATTENTION = "needs_attention"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELED = "canceled"
    DRIFTED = "drifted"
    EXPIRED = "expired"


_S = OperationState

TERMINAL = frozenset({_S.SUCCEEDED, _S.FAILED, _S.CANCELED, _S.DRIFTED, _S.EXPIRED})

# After a POST an operation is queued again only where nothing was executed for certain: nothing left or the portal's
# identity was not accepted (from `submitting`), or Azure refused for now (429, 409) and evidence bears it out (from
# `outcome_unknown`). It then passes a new preflight. Needs-attention never leads to a second POST.
LIFE_CYCLE = LifeCycle(
    OperationState,
    initial=_S.PLANNED,
    terminal=TERMINAL,
    table={
        _S.PLANNED: (_S.AWAITING_APPROVAL,),
        _S.AWAITING_APPROVAL: (_S.AWAITING_PASSWORD, _S.QUEUED, _S.CANCELED, _S.DRIFTED),
        _S.AWAITING_PASSWORD: (_S.QUEUED, _S.CANCELED, _S.EXPIRED),
        _S.QUEUED: (_S.PREFLIGHT, _S.CANCELED, _S.DRIFTED, _S.FAILED),
        _S.PREFLIGHT: (_S.SETTING_DELETE_OPTION, _S.SUBMITTING, _S.QUEUED, _S.CANCELED, _S.DRIFTED, _S.FAILED),
        _S.SETTING_DELETE_OPTION: (_S.PREFLIGHT, _S.SUBMITTING, _S.CANCELED, _S.DRIFTED, _S.FAILED),
        _S.SUBMITTING: (_S.IN_PROGRESS, _S.OUTCOME_UNKNOWN, _S.NEEDS_ATTENTION, _S.QUEUED, _S.FAILED),
        _S.IN_PROGRESS: (_S.VERIFYING, _S.FAILED, _S.OUTCOME_UNKNOWN, _S.NEEDS_ATTENTION),
        _S.VERIFYING: (_S.SUCCEEDED, _S.FAILED, _S.NEEDS_ATTENTION),
        _S.OUTCOME_UNKNOWN: (_S.QUEUED, _S.IN_PROGRESS, _S.VERIFYING, _S.SUCCEEDED, _S.FAILED, _S.NEEDS_ATTENTION),
        _S.NEEDS_ATTENTION: (_S.VERIFYING, _S.SUCCEEDED, _S.FAILED),
        _S.SUCCEEDED: (),
        _S.FAILED: (),
        _S.CANCELED: (),
        _S.DRIFTED: (),
        _S.EXPIRED: (),
    },
)

# Occupying its virtual machine: at most one of these per virtual machine.
ACTIVE = frozenset(OperationState) - TERMINAL - {_S.PLANNED}
# Advanced by a worker; the other active states wait for a person.
WORKER_STATES = ACTIVE - {_S.AWAITING_APPROVAL, _S.AWAITING_PASSWORD, _S.NEEDS_ATTENTION}
# Up to the POST. A deleteOption that was already changed stays changed, and is reported so.
CANCELABLE = LIFE_CYCLE.sources(_S.CANCELED)

allowed = LIFE_CYCLE.allowed
mermaid = LIFE_CYCLE.mermaid
