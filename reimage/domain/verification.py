"""What differs, after a reimage that Azure calls Succeeded, from what the plan promised."""

from reimage.domain.errors import RuleViolation
from reimage.domain.frozen_plan import ReimagePlan
from reimage.domain.virtual_machine import DeleteOption, VirtualMachineFacts


def verification_findings(
    plan: ReimagePlan, facts: VirtualMachineFacts, *, old_os_disk_exists: bool | None
) -> tuple[RuleViolation, ...]:
    """One finding per difference; `old_os_disk_exists` is None for an ephemeral OS disk, which has no old one."""
    found = []
    if facts.vm_id.lower() != plan.vm_id.lower():
        found.append(RuleViolation("vm_id", "another_virtual_machine", {"vm": facts.resource_id.name}))
    if facts.provisioning_state.lower() != "succeeded":
        state = {"provisioning_state": facts.provisioning_state}
        found.append(RuleViolation("provisioning_state", "not_provisioned_after", state))
    was_running = (plan.power_state or "").lower() == "running"
    if was_running and (facts.power_state or "").lower() != "running":
        found.append(RuleViolation("power_state", "not_running_after", {"power_state": facts.power_state or "–"}))
    wanted = (plan.body or {}).get("exactVersion")
    if wanted is not None and facts.image.exact_version != wanted:
        # Azure was seen to answer Succeeded for a version that does not exist, and to change nothing.
        versions = {"wanted": str(wanted), "found": facts.image.exact_version or "–"}
        found.append(RuleViolation("exact_version", "image_version_not_applied", versions))
    return (*found, *_os_disk_findings(plan, facts, old_os_disk_exists))


def _os_disk_findings(
    plan: ReimagePlan, facts: VirtualMachineFacts, old_os_disk_exists: bool | None
) -> tuple[RuleViolation, ...]:
    if plan.ephemeral:
        return ()
    disk = {"os_disk": plan.os_disk_name}
    if facts.os_disk.resource_id is None:
        return (RuleViolation("os_disk", "os_disk_not_shown", disk),)
    if facts.os_disk.resource_id.lower() == (plan.os_disk_id or "").lower():
        return (RuleViolation("os_disk", "os_disk_not_replaced", disk),)
    kept = plan.delete_option_at_reimage is DeleteOption.DETACH
    if kept and old_os_disk_exists is False:
        return (RuleViolation("os_disk", "old_os_disk_gone", disk),)
    if not kept and old_os_disk_exists:
        return (RuleViolation("os_disk", "old_os_disk_still_there", disk),)
    return ()
