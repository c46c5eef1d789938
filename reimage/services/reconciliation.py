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
from reimage.services.leases import Claim, commit, due_in
from reimage.services.moves import ask_for_attention, wait, wait_for_azure
from reimage.services.pace import PATIENCE, poll_seconds


def reconcile(held: Claim) -> None:
    """outcome_unknown → verifying, failed or needs_attention; or looks again later. Never a second POST."""
    operation = held.operation
    plan = ReimagePlan.from_document(operation.plan)
    try:
        facts = read_virtual_machine(plan.resource_id)
    except VirtualMachineNotFound:
        return ask_for_attention(held, "virtual_machine_gone", vm=operation.name)
    except AzureError as err:
        may_ask = not isinstance(err, AzureIdentityRefused)
        overdue = may_ask and _is_overdue(held)
        return ask_for_attention(held, "takes_too_long") if overdue else wait_for_azure(held, err)
    if facts.vm_id != operation.evidence.get("vm_id"):
        return ask_for_attention(held, "another_virtual_machine")
    if busy_violations(facts):
        return _wait_for_machine(held, facts)
    return _weigh(held, plan, facts)


def _wait_for_machine(held: Claim, facts: VirtualMachineFacts) -> None:
    operation = held.operation
    if _is_overdue(held):
        return ask_for_attention(held, "takes_too_long")
    note = {
        "code": "virtual_machine_busy",
        "params": {"vm": operation.name, "provisioning_state": facts.provisioning_state},
    }
    # The quarantine is a time of quiet: it begins when the machine was last seen busy.
    evidence = {**operation.evidence, "busy_at": held.now.isoformat()}
    return commit(held, OperationState.OUTCOME_UNKNOWN, next_at=due_in(poll_seconds()), note=note, evidence=evidence)


def _weigh(held: Claim, plan: ReimagePlan, facts: VirtualMachineFacts) -> None:
    operation = held.operation
    if not plan.ephemeral and _key(facts.os_disk.resource_id) != _key(operation.evidence.get("os_disk_id")):
        return _settle(held, OperationState.VERIFYING, "os_disk_was_replaced")
    trace = _trace(held, plan)
    if trace is Trace.SUCCEEDED:
        return _settle(held, OperationState.VERIFYING, "activity_log_succeeded")
    if trace is Trace.FAILED:
        return _settle(held, OperationState.FAILED, "activity_log_failed")
    # The Activity Log is minutes late, and a machine that started late shows by then.
    if held.now - _quiet_since(held) <= timedelta(seconds=settings.OPERATION_QUARANTINE_SECONDS):
        return wait(held, poll_seconds(), "waiting_for_evidence")
    was_accepted = trace is Trace.BEGUN or operation.accepted_at is not None
    return ask_for_attention(held, "accepted_without_end" if was_accepted else "no_evidence")


def _trace(held: Claim, plan: ReimagePlan) -> Trace:
    operation = held.operation
    if operation.client_request_id is None:
        return Trace.ABSENT
    since = _submitted_at(held) - timedelta(minutes=5)
    return find_reimage_call(plan.resource_id, client_request_id=operation.client_request_id, since=since)


def _key(disk_id: object) -> str:
    """Azure spells one id differently from one answer to the next."""
    return str(disk_id or "").lower()


def _submitted_at(held: Claim) -> datetime:
    return held.operation.submitted_at or held.now


def _quiet_since(held: Claim) -> datetime:
    busy_at = held.operation.evidence.get("busy_at")
    return datetime.fromisoformat(busy_at) if busy_at else _submitted_at(held)


def _is_overdue(held: Claim) -> bool:
    return held.now - _submitted_at(held) > PATIENCE


def _settle(held: Claim, state: OperationState, code: str) -> None:
    note = {"code": code, "params": {}}
    next_at = due_in(0) if state is OperationState.VERIFYING else None
    commit(held, state, action=audit_actions.OPERATION_RECONCILED, detail=note, note=note, next_at=next_at)
