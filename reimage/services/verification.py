"""After Azure said Succeeded: is the machine what the plan promised? Differences are reported, never hidden."""

from datetime import datetime, timedelta

from reimage import audit_actions
from reimage.azure.errors import AzureError, AzureIdentityRefused, VirtualMachineNotFound
from reimage.azure.virtual_machines import disk_exists, read_virtual_machine
from reimage.domain.operation_states import OperationState
from reimage.domain.verification import verification_findings
from reimage.domain.virtual_machine import VirtualMachineFacts
from reimage.services import inventory
from reimage.services.leases import Claim, commit, renew
from reimage.services.moves import wait, wait_for_azure
from reimage.services.pace import PATIENCE, poll_seconds

SETTLING = timedelta(minutes=5)  # a machine may still be starting, and a disk being deleted, when Azure says Succeeded


def verify(held: Claim) -> None:
    """verifying → succeeded, with what differs from the plan; or looks again while things settle."""
    operation = held.operation
    plan = operation.reimage_plan
    try:
        facts = read_virtual_machine(plan.resource_id)
        renew(held)
        old_disk_exists = None if plan.ephemeral or not plan.os_disk_id else disk_exists(plan.os_disk_id)
    except VirtualMachineNotFound:
        return _finish(held, [{"code": "virtual_machine_gone", "params": {"vm": operation.name}}], None)
    except AzureError as err:
        return _unverified(held, err)
    inventory.follow(facts, now=held.now)
    found = verification_findings(plan, facts, old_os_disk_exists=old_disk_exists)
    if found and _age(held) <= SETTLING:
        return wait(held, poll_seconds(), "settling")
    return _finish(held, [{"code": finding.code, "params": dict(finding.params)} for finding in found], facts)


def _unverified(held: Claim, err: AzureError) -> None:
    """Waits for Azure to let the portal look; in the end that nobody looked is itself what is reported."""
    if _looked_for(held) <= PATIENCE or isinstance(err, AzureIdentityRefused):
        return wait_for_azure(held, err)
    params = {"status": err.status, "azure_code": err.code}
    return _finish(held, [{"code": "not_verified", "params": params}], None)


def _age(held: Claim) -> timedelta:
    """Time since Azure said that it ended, or since the POST where Azure did not say."""
    operation = held.operation
    ended_at = operation.evidence.get("ended_at")
    since = datetime.fromisoformat(ended_at) if ended_at else operation.submitted_at
    return held.now - since if since else PATIENCE * 2


def _looked_for(held: Claim) -> timedelta:
    """How long it is tried to look: an administrator's word may come hours after the call."""
    settled_at = held.operation.evidence.get("settled_at")
    return held.now - datetime.fromisoformat(settled_at) if settled_at else _age(held)


def _finish(held: Claim, findings: list[dict[str, object]], facts: VirtualMachineFacts | None) -> None:
    found_disk = facts.os_disk.resource_id if facts else None
    commit(
        held,
        OperationState.SUCCEEDED,
        action=audit_actions.OPERATION_SUCCEEDED,
        detail={"findings": findings, "os_disk_id": found_disk},
        findings=findings,
        note={},
    )
