"""Whether what was approved is still what is there: field by field, plan against facts read just now.

Material is what decides which machine is reimaged, with what, and what becomes of its old OS disk.
"""

from dataclasses import dataclass

from reimage.domain.frozen_plan import ReimagePlan
from reimage.domain.virtual_machine import VirtualMachineFacts

Value = str | bool | None


@dataclass(frozen=True, slots=True)
class FieldDrift:
    field: str
    approved: Value
    found: Value


def drift(plan: ReimagePlan, facts: VirtualMachineFacts, *, delete_option_applied: bool) -> tuple[FieldDrift, ...]:
    """Every material difference. `delete_option_applied`: the plan's own change of deleteOption has been made.

    Not material: the power state (people stop and start a machine while they wait, the loss is the same, and no
    document makes reimage depend on it), sizes, tags and data disks. A busy machine is an obstacle that passes.
    """
    delete_option = plan.delete_option_at_reimage if delete_option_applied else plan.delete_option_before
    pairs: tuple[tuple[str, Value, Value], ...] = (
        ("resource_id", str(plan.resource_id), str(facts.resource_id)),
        ("vm_id", plan.vm_id, facts.vm_id),
        ("location", plan.location, facts.location),
        ("os_type", plan.os_type.value, facts.os_type.value),
        ("image_urn", plan.image.urn, facts.image.urn),
        ("image_id", plan.image.id, facts.image.id),
        ("image_exact_version", plan.image.exact_version, facts.image.exact_version),
        ("os_disk_id", plan.os_disk_id, facts.os_disk.resource_id),
        ("ephemeral", plan.ephemeral, facts.os_disk.ephemeral),
        ("delete_option", delete_option.value, facts.os_disk.delete_option.value),
    )
    return tuple(FieldDrift(*pair) for pair in pairs if not _same(pair[1], pair[2]))


def _same(approved: Value, found: Value) -> bool:
    # Azure names are case-insensitive, and the same id comes back spelled differently from one answer to the next:
    # https://learn.microsoft.com/azure/azure-resource-manager/management/resource-name-rules
    if isinstance(approved, str) and isinstance(found, str):
        return approved.lower() == found.lower()
    return approved == found
