"""Making plans: from fresh facts and validated parameters to what people approve, and the digest of a whole request."""

from collections.abc import Sequence
from enum import StrEnum

from reimage.domain.canonical import canonical_digest
from reimage.domain.consequences import Consequence, ConsequenceCode, Severity, consequences_of
from reimage.domain.drift import FieldDrift, drift
from reimage.domain.errors import DomainError, RuleViolation, RuleViolationError
from reimage.domain.frozen_plan import PlanDocumentError, ReimagePlan, Step
from reimage.domain.parameters import ReimageParameters, fingerprinted_body, validate_parameters
from reimage.domain.policy import PrincipalKey
from reimage.domain.virtual_machine import DeleteOption, VirtualMachineFacts, unsupported_violations

__all__ = [
    "Consequence",
    "ConsequenceCode",
    "DeleteOptionChange",
    "FieldDrift",
    "PlanDocumentError",
    "ReimagePlan",
    "Severity",
    "Step",
    "build_plan",
    "delete_option_violations",
    "drift",
    "request_digest",
]


class DeleteOptionChange(StrEnum):
    KEEP = "keep"
    DETACH = "Detach"
    DELETE = "Delete"


def delete_option_violations(
    facts: VirtualMachineFacts, delete_option_change: DeleteOptionChange
) -> tuple[RuleViolation, ...]:
    # "The user cannot change the delete option for an ephemeral OS Disk": OSDisk.deleteOption in Microsoft.Compute
    # 2024-07-01, computeRPCommon.json.
    if facts.os_disk.ephemeral and delete_option_change is not DeleteOptionChange.KEEP:
        return (RuleViolation("delete_option", "delete_option_fixed_for_ephemeral", {"vm": facts.resource_id.name}),)
    return ()


def build_plan(
    facts: VirtualMachineFacts,
    parameters: ReimageParameters,
    *,
    delete_option_change: DeleteOptionChange = DeleteOptionChange.KEEP,
    password_commitment: str | None = None,
) -> ReimagePlan:
    """Raises RuleViolationError when the machine or the parameters cannot have a plan.

    A machine that is merely busy can: the plan is shown beside `busy_violations`.
    """
    disk = facts.os_disk
    violations = _violations(facts, parameters, delete_option_change)
    if violations or disk.resource_id is None:
        raise RuleViolationError(violations)
    at_reimage = _delete_option_at_reimage(disk.delete_option, delete_option_change)
    return ReimagePlan(
        resource_id=facts.resource_id,
        vm_id=facts.vm_id,
        location=facts.location,
        os_type=facts.os_type,
        image=facts.image,
        os_disk_id=disk.resource_id,
        os_disk_name=disk.name,
        ephemeral=disk.ephemeral,
        size_gb=disk.size_gb,
        storage_type=disk.storage_type,
        delete_option_before=disk.delete_option,
        delete_option_at_reimage=at_reimage,
        power_state=facts.power_state,
        provisioning_state=facts.provisioning_state,
        data_disk_count=len(facts.data_disk_names),
        body=fingerprinted_body(parameters, os_type=facts.os_type, password_commitment=password_commitment),
        steps=_steps(changes_delete_option=at_reimage is not disk.delete_option),
        consequences=consequences_of(facts, parameters, at_reimage),
    )


def request_digest(
    plans: Sequence[ReimagePlan],
    *,
    justification: str,
    requester: PrincipalKey,
    ticket: str = "",
    reference: str = "",
) -> str:
    """What an approval is bound to: every plan (in any order), who asks, why, and the request's own `reference`."""
    by_key = {plan.resource_id.key: plan.digest for plan in plans}
    if not plans or len(by_key) < len(plans):
        raise DomainError("a request has at least one plan, and one only for each virtual machine")
    return canonical_digest(
        {
            "plans": [[key, by_key[key]] for key in sorted(by_key)],
            "justification": justification,
            "requester": str(requester),
            "ticket": ticket,
            "reference": reference,
        }
    )


def _violations(
    facts: VirtualMachineFacts, parameters: ReimageParameters, change: DeleteOptionChange
) -> tuple[RuleViolation, ...]:
    return (
        *unsupported_violations(facts),
        *validate_parameters(parameters, os_type=facts.os_type, ephemeral=facts.os_disk.ephemeral),
        *delete_option_violations(facts, change),
    )


def _delete_option_at_reimage(before: DeleteOption, change: DeleteOptionChange) -> DeleteOption:
    return before if change is DeleteOptionChange.KEEP else DeleteOption(change.value)


def _steps(*, changes_delete_option: bool) -> tuple[Step, ...]:
    first = (Step.SET_DELETE_OPTION,) if changes_delete_option else ()
    return (*first, Step.REIMAGE, Step.VERIFY)
