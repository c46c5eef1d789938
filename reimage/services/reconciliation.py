"""Settles a lost answer by evidence: the machine itself and Azure's Activity Log.

What evidence cannot settle, a person must.
"""

from datetime import datetime, timedelta

from django.conf import settings

from reimage import audit_actions
from reimage.azure.activity_log import Trace, find_reimage_call
from reimage.azure.errors import AzureError, AzureIdentityRefused, VirtualMachineNotFound
from reimage.azure.virtual_machines import read_virtual_machine
from reimage.domain.operation_states import OperationState
from reimage.domain.plan import ReimagePlan
from reimage.domain.virtual_machine import VirtualMachineFacts, busy_violations
from reimage.services import refusals
from reimage.services.evidence import UNREADABLE
from reimage.services.leases import BEGUN, QUIET, QUIET_AT, Claim, commit, due_in, renew
from reimage.services.moves import ask_for_attention, standing_change, wait_for_azure
from reimage.services.pace import PATIENCE, poll_seconds
from reimage.services.refusals import disk_key, without_quiet
from reimage.services.weighing import Look, weighed

UNANSWERED = "unanswered_since"  # in the evidence: the first of the looks that failed one after the other
LOOKS_MISSED = 4  # in a row, and still nothing can have happened between them that they would not have seen
UNANSWERED_NOTES = frozenset({"azure_unavailable", "azure_forbids"})


def reconcile(held: Claim) -> None:
    """outcome_unknown → verifying, failed or needs_attention; or looks again later. Never a second POST.

    Where Azure refused for now and that is borne out: back to queued, for nothing was executed.
    """
    operation = held.operation
    plan = operation.reimage_plan
    look = Look()
    try:
        return _look(held, plan, look)
    except VirtualMachineNotFound:
        look.at, look.is_gone = held.now, True
        return ask_for_attention(held, "virtual_machine_gone", look, vm=operation.name)
    except AzureError as err:
        return _wait_for_azure(held, err, look)


def _look(held: Claim, plan: ReimagePlan, look: Look) -> None:
    """The machine, and then the log. Raises what the reads raise."""
    operation = held.operation
    facts = look.facts = read_virtual_machine(plan.resource_id)
    look.at = held.now
    if facts.vm_id != operation.evidence.get("vm_id"):
        return ask_for_attention(held, "another_virtual_machine", look)
    if busy_violations(facts):
        return _wait_for_machine(held, facts.provisioning_state, look)
    look.quiet_seconds = int(_quiet_seconds(held))
    weigh = _weigh_refusal if refusals.is_in_doubt(operation) else _weigh
    return weigh(held, plan, facts, look)


def _wait_for_azure(held: Claim, err: AzureError, look: Look) -> None:
    """A failed look is no evidence. Patience is for Azure, from the first such look: the portal itself may have slept.

    While the portal is not accepted at all, an administrator could not tell more than it can.
    """
    operation = held.operation
    since = operation.evidence.get(UNANSWERED) if operation.note_code in UNANSWERED_NOTES else None
    unanswered_since = datetime.fromisoformat(since) if since else held.now
    if not isinstance(err, AzureIdentityRefused) and held.now - unanswered_since > PATIENCE:
        look.unanswered_since = unanswered_since
        return ask_for_attention(held, "no_answer_for_long", look)
    return wait_for_azure(held, err, evidence={**operation.evidence, UNANSWERED: unanswered_since.isoformat()})


def _wait_for_machine(held: Claim, provisioning_state: str, look: Look) -> None:
    operation = held.operation
    if _is_overdue(held):
        return ask_for_attention(held, "takes_too_long", look)
    note = {
        "code": "virtual_machine_busy",
        "params": {"vm": operation.name, "provisioning_state": provisioning_state},
    }
    # The quarantine is a time of quiet: it begins anew when the machine was seen busy.
    evidence = {**without_quiet(operation.evidence), "busy_at": held.now.isoformat()}
    return commit(held, OperationState.OUTCOME_UNKNOWN, next_at=due_in(poll_seconds()), note=note, evidence=evidence)


def _weigh(held: Claim, plan: ReimagePlan, facts: VirtualMachineFacts, look: Look) -> None:
    before = held.operation.evidence
    present = disk_key(facts.os_disk.resource_id)  # empty where Azure does not say, which tells nothing
    if present and not plan.ephemeral and present != disk_key(before.get("os_disk_id")):
        return _settle_executed(held, "os_disk_was_replaced", look)
    trace = _trace(held, plan, look)
    if trace is Trace.SUCCEEDED:
        return _settle_executed(held, "activity_log_succeeded", look)
    was_accepted = trace is Trace.BEGUN or held.operation.accepted_at is not None
    # Something on the way may have passed the call on twice: a refusal alone counts when the log has had its time.
    is_refused = trace is Trace.REFUSED and not was_accepted and _is_after_quarantine(held)
    if trace is Trace.FAILED or is_refused:
        return _settle_failed(held, trace, look)
    return _wait_or_ask(held, "accepted_without_end" if was_accepted else "no_evidence", look)


def _weigh_refusal(held: Claim, plan: ReimagePlan, facts: VirtualMachineFacts, look: Look) -> None:
    """A changed OS disk tells nothing here: what made Azure refuse may have been somebody else's reimage."""
    trace = _trace(held, plan, look)
    if trace is Trace.SUCCEEDED:
        return _settle_executed(held, "activity_log_succeeded", look)
    if trace is Trace.FAILED:
        return _settle_failed(held, trace, look)
    is_late = _is_after_quarantine(held)
    if refusals.is_borne_out(plan, held.operation.evidence, facts, trace, after_quarantine=is_late):
        return refusals.queue_again(held, look)
    return _wait_or_ask(held, "accepted_without_end" if trace is Trace.BEGUN else "refusal_not_borne_out", look)


def _wait_or_ask(held: Claim, code: str, look: Look) -> None:
    """The Activity Log is minutes late, and a machine that started late shows by then."""
    if _is_after_quarantine(held):
        return ask_for_attention(held, code, look)
    evidence = {**held.operation.evidence, QUIET: int(_quiet_seconds(held)), QUIET_AT: held.now.isoformat()}
    note = {"code": "waiting_for_evidence", "params": {}}
    return commit(held, OperationState.OUTCOME_UNKNOWN, next_at=due_in(poll_seconds()), note=note, evidence=evidence)


def _is_after_quarantine(held: Claim) -> bool:
    return _quiet_seconds(held) > settings.OPERATION_QUARANTINE_SECONDS


def _quiet_seconds(held: Claim) -> float:
    """For how long the machine has been seen quiet. Of the time between two looks no more counts than a few looks take:
    a clock that was set forward, or a portal that stood still, is no evidence of anything.
    """
    evidence = held.operation.evidence
    since = (held.now - _quiet_since(held)).total_seconds()
    most = LOOKS_MISSED * settings.OPERATION_POLL_SECONDS
    return float(evidence.get(QUIET, 0)) + min(max(0.0, since), most)


def _trace(held: Claim, plan: ReimagePlan, look: Look) -> Trace:
    """What the log says, which the look keeps: where it could not be read, that."""
    operation = held.operation
    if operation.client_request_id is None:
        return Trace.ABSENT
    renew(held)
    since = _submitted_at(held)
    look.trace = UNREADABLE
    trace = find_reimage_call(plan.resource_id, client_request_id=operation.client_request_id, since=since)
    look.trace = trace
    return trace


def _submitted_at(held: Claim) -> datetime:
    return held.operation.submitted_at or held.now


def _quiet_since(held: Claim) -> datetime:
    """From when on quiet counts that was not counted yet: the last look, or since the POST can leave no more, or since
    the machine was busy.

    A worker that was stopped may have sent it long after its intent. What an earlier attempt left behind is older, and
    what lies further ahead than a lease is of before the clock was set back.
    """
    told = (held.operation.evidence.get(name) for name in ("may_leave_until", "busy_at", QUIET_AT))
    moments = [_submitted_at(held), *(datetime.fromisoformat(moment) for moment in told if moment)]
    furthest = held.now + timedelta(seconds=settings.OPERATION_LEASE_SECONDS)
    return max((moment for moment in moments if moment <= furthest), default=held.now)


def _is_overdue(held: Claim) -> bool:
    return held.now - _submitted_at(held) > PATIENCE


def _settle_executed(held: Claim, code: str, look: Look) -> None:
    """To be verified from now on: things settle after Azure ended, and that was not before the last look."""
    note = {"code": code, "params": {}}
    evidence = {**held.operation.evidence, "ended_at": held.now.isoformat()}
    commit(
        held,
        OperationState.VERIFYING,
        action=audit_actions.OPERATION_RECONCILED,
        detail={**note, "evidence": weighed(held.operation, look)},
        note=note,
        evidence=evidence,
        next_at=due_in(0),
    )


def _settle_failed(held: Claim, trace: Trace, look: Look) -> None:
    """Unless the log tells of a refusal, Azure may have begun: the machine may have its generated password."""
    note = {"code": "activity_log_failed", "params": {}}
    findings = standing_change(held.operation)
    commit(
        held,
        OperationState.FAILED,
        action=audit_actions.OPERATION_RECONCILED,
        detail={**note, "findings": findings, "evidence": weighed(held.operation, look)},
        note=note,
        findings=findings,
        evidence={**held.operation.evidence, BEGUN: trace is not Trace.REFUSED},
    )
