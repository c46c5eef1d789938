"""Settles a lost answer by evidence: the machine itself and Azure's Activity Log.

What evidence cannot settle, a person must.
"""

from datetime import datetime, timedelta

from django.utils import timezone

from reimage import audit_actions
from reimage.azure.activity_log import Trace, find_reimage_call
from reimage.azure.errors import AzureError, VirtualMachineNotFound
from reimage.azure.virtual_machines import read_virtual_machine
from reimage.domain.operation_states import OperationState
from reimage.domain.plan import ReimagePlan
from reimage.domain.virtual_machine import VirtualMachineFacts, reimage_obstacles
from reimage.models import ReimageOperation
from reimage.services.leases import Claim, commit, due_in
from reimage.services.pace import poll_seconds
from reimage.services.preflight import wait

QUARANTINE = timedelta(minutes=20)  # the Activity Log is minutes late; a machine that started late shows by then


def reconcile(held: Claim) -> None:
    """outcome_unknown → verifying, failed or needs_attention; or looks again later. Never a second POST."""
    operation = held.operation
    plan = ReimagePlan.from_document(operation.plan)
    try:
        facts = read_virtual_machine(plan.resource_id)
    except VirtualMachineNotFound:
        return _attention(held, "virtual_machine_vanished")
    except AzureError as err:
        return wait(held, poll_seconds(err.retry_after), "azure_unavailable", status=err.status, azure_code=err.code)
    if facts.vm_id != operation.evidence.get("vm_id"):
        return _attention(held, "another_virtual_machine")
    if any(obstacle.code == "virtual_machine_busy" for obstacle in reimage_obstacles(facts)):
        return wait(held, poll_seconds(), "virtual_machine_busy", provisioning_state=facts.provisioning_state)
    return _weigh(held, plan, facts)


def _weigh(held: Claim, plan: ReimagePlan, facts: VirtualMachineFacts) -> None:
    operation = held.operation
    if not plan.ephemeral and facts.os_disk.resource_id != operation.evidence.get("os_disk_id"):
        return _settle(held, OperationState.VERIFYING, "os_disk_was_replaced")
    trace = _trace(operation, plan)
    if trace is Trace.ACCEPTED:
        return _settle(held, OperationState.VERIFYING, "activity_log_accepted")
    if trace is Trace.REFUSED:
        return _settle(held, OperationState.FAILED, "activity_log_refused")
    if timezone.now() - _submitted_at(operation) > QUARANTINE:
        return _attention(held, "no_evidence")
    return wait(held, poll_seconds(), "waiting_for_evidence")


def _trace(operation: ReimageOperation, plan: ReimagePlan) -> Trace:
    if operation.client_request_id is None:
        return Trace.ABSENT
    since = _submitted_at(operation) - timedelta(minutes=5)
    return find_reimage_call(plan.resource_id, client_request_id=operation.client_request_id, since=since)


def _submitted_at(operation: ReimageOperation) -> datetime:
    return operation.submitted_at or timezone.now()


def _settle(held: Claim, state: OperationState, code: str) -> None:
    note = {"code": code, "params": {}}
    next_at = due_in(0) if state is OperationState.VERIFYING else None
    commit(held, state, action=audit_actions.OPERATION_RECONCILED, detail=note, note=note, next_at=next_at)


def _attention(held: Claim, code: str) -> None:
    note = {"code": code, "params": {}}
    commit(
        held,
        OperationState.NEEDS_ATTENTION,
        action=audit_actions.OPERATION_NEEDS_ATTENTION,
        detail=note,
        note=note,
        next_at=None,
    )
