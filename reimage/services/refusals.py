"""A 409 or 429 may come from a gateway, after Azure accepted the reimage: evidence decides before it is sent again.

Why, and what counts as evidence: docs/decisions/0027.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from reimage import audit_actions
from reimage.azure.activity_log import Trace
from reimage.azure.calls import Refused
from reimage.domain.operation_states import OperationState
from reimage.domain.plan import ReimagePlan
from reimage.domain.virtual_machine import VirtualMachineFacts
from reimage.models import ReimageOperation
from reimage.services.leases import QUIET, QUIET_AT, REFUSAL, Claim, commit, due_in
from reimage.services.pace import poll_seconds
from reimage.services.weighing import Look, weighed

FIRST_LOOK_SECONDS = 60  # at the latest, and one poll's time at least: an accepted reimage shows as `Updating`


def doubt(
    held: Claim,
    note: Mapping[str, object],
    outcome: Refused,
    *,
    seconds: float,
    evidence: Mapping[str, object] | None = None,
) -> None:
    """submitting → outcome_unknown, with its secrets: not to be sent again before `seconds`, nor without evidence.

    `evidence` is added to the operation's.
    """
    refusal = {"note": note, "again_at": (held.now + timedelta(seconds=seconds)).isoformat()}
    commit(
        held,
        OperationState.OUTCOME_UNKNOWN,
        action=audit_actions.OPERATION_REFUSED,
        detail={**note, "status": outcome.status},
        note=note,
        next_at=due_in(min(max(seconds, poll_seconds()), FIRST_LOOK_SECONDS)),
        evidence={**held.operation.evidence, **(evidence or {}), REFUSAL: refusal},
    )


def is_in_doubt(operation: ReimageOperation) -> bool:
    """Whether the last answer was a refusal that nothing bears out yet."""
    return REFUSAL in operation.evidence


def is_borne_out(
    plan: ReimagePlan, before: Mapping[str, object], facts: VirtualMachineFacts, trace: Trace, *, after_quarantine: bool
) -> bool:
    """Whether nothing was executed for certain. The machine is quiet; `before` is how it was when the POST left.

    A look may be stale, and the Activity Log is late: it may tell of a refusal before it tells of an acceptance. So one
    of them is enough after the quarantine, and before it only both: the refusal, and an OS disk that is still there. An
    ephemeral one keeps its id, and tells nothing.
    """
    if facts.provisioning_state != before.get("provisioning_state"):
        return False
    disk = disk_key(before.get("os_disk_id"))  # empty for an unmanaged disk, which tells nothing either
    is_same_disk = bool(disk) and disk == disk_key(facts.os_disk.resource_id) and not plan.ephemeral
    if trace is Trace.REFUSED:
        return after_quarantine or is_same_disk
    return after_quarantine and trace is Trace.ABSENT and is_same_disk


def disk_key(disk_id: object) -> str:
    """Azure spells one id differently from one answer to the next."""
    return str(disk_id or "").lower()


def without_quiet(evidence: Mapping[str, Any]) -> dict[str, Any]:
    """Without the quiet that was counted: the machine was busy since, or another attempt begins."""
    return {name: value for name, value in evidence.items() if name not in (QUIET, QUIET_AT)}


def queue_again(held: Claim, look: Look) -> None:
    """outcome_unknown → queued, due when Azure said that it may be asked again. `look` is what bore the refusal out."""
    evidence = without_quiet(held.operation.evidence)
    refusal = evidence.pop(REFUSAL)
    seconds = (datetime.fromisoformat(refusal["again_at"]) - held.now).total_seconds()
    note = {"code": "refusal_borne_out", "params": {}}
    commit(
        held,
        OperationState.QUEUED,
        action=audit_actions.OPERATION_RECONCILED,
        detail={**note, "evidence": weighed(held.operation, look)},
        note=refusal["note"],
        next_at=due_in(max(0.0, seconds)),
        evidence=evidence,
    )
