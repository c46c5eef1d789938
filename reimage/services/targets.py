"""Finds the machines a person names, by right and at Azure. What they may not know of is not found, nor asked for."""

from collections.abc import Iterable, Mapping, Sequence

from django.utils.translation import gettext as _

from portal.errors import NotFound, Unavailable
from portal.identity.models import User
from reimage import selectors, wording
from reimage.domain.errors import RuleViolation
from reimage.domain.policy import request_size_violations
from reimage.domain.resource_ids import VirtualMachineId
from reimage.domain.virtual_machine import VirtualMachineFacts, reimage_obstacles
from reimage.models import GrantRole, VirtualMachine
from reimage.services import live_reads
from reimage.services.errors import Finding, InvalidReimageRequest


def find_targets(requester: User, machine_ids: Sequence[int]) -> list[VirtualMachine]:
    """The machines of these primary keys, in their order. Raises NotFound for any beyond the person's grants."""
    found = granted_targets(requester, machine_ids)
    if len(found) < len(machine_ids):
        raise not_granted()
    return found


def not_granted() -> NotFound:
    """What is said of a machine that is not there, and of one that is not this person's: the same."""
    return NotFound(
        _("A machine of this request does not exist, or you may not request its reimage."),
        _("Choose again from your machines; ask an administrator for a grant if one is missing."),
    )


def granted_targets(requester: User, machine_ids: Sequence[int]) -> list[VirtualMachine]:
    """Those of them that the person may request, in their order.

    Raises InvalidReimageRequest for none, for too many, and for one that comes twice.
    """
    repeated = (
        [RuleViolation("targets", "virtual_machine_repeated")] if len(set(machine_ids)) < len(machine_ids) else []
    )
    violations = [*request_size_violations(len(machine_ids)), *repeated]
    if violations:
        raise InvalidReimageRequest([Finding(violation) for violation in violations])
    granted = selectors.with_open_operation(selectors.virtual_machines_for(requester, GrantRole.REQUESTER))
    found = {machine.pk: machine for machine in granted.filter(pk__in=machine_ids)}
    return [found[machine_id] for machine_id in machine_ids if machine_id in found]


def read_facts(
    machines: Iterable[VirtualMachine], *, seconds: float = live_reads.DEED_SECONDS
) -> dict[str, VirtualMachineFacts | RuleViolation]:
    """Each machine fresh from Azure by its key; a violation where Azure knows no such machine.

    Raises Unavailable, naming the way out, when Azure cannot be asked, or does not answer within so many seconds.
    """
    # The SDK takes a while to import; pages that never ask Azure do not pay for it.
    from reimage.azure.errors import AzureRefused, AzureUnavailable
    from reimage.azure.virtual_machines import VirtualMachineNotFound, read_virtual_machine

    def read(machine: VirtualMachine) -> tuple[str, VirtualMachineFacts | RuleViolation]:
        try:
            vm_id = VirtualMachineId.parse(machine.resource_id)
            return machine.resource_key, read_virtual_machine(vm_id, patience=live_reads.PAGE_SECONDS)
        except VirtualMachineNotFound:
            return machine.resource_key, RuleViolation("targets", "virtual_machine_vanished", {"vm": machine.name})

    try:
        return dict(live_reads.ask(read, machines, seconds=seconds))
    except (AzureUnavailable, TimeoutError) as err:
        raise Unavailable(
            _("Azure does not answer right now, so the machines could not be checked. Nothing was sent or lost."),
            _("Wait a minute and try again."),
        ) from err
    except AzureRefused as err:
        raise Unavailable(
            _("Azure refused to show a machine to the portal (%(code)s). Nothing was sent or lost.")
            % {"code": err.code},
            _("Ask an administrator to check the portal's role in Azure, then try again."),
        ) from err


def machine_page_facts(machine: VirtualMachine) -> tuple[VirtualMachineFacts | None, str]:
    """Fresh facts for a page that is also useful without: (facts, "") or (None, why there are none)."""
    try:
        found = read_facts([machine], seconds=live_reads.PAGE_SECONDS)[machine.resource_key]
    except Unavailable as err:
        return None, str(err.message)
    if isinstance(found, RuleViolation):
        return None, wording.violation_text(found)
    return found, ""


def obstacle_findings(
    machines: Iterable[VirtualMachine], facts: Mapping[str, VirtualMachineFacts | RuleViolation]
) -> list[Finding]:
    """Why a machine cannot be reimaged now: vanished, busy, unmanaged, or occupied by an open request."""
    found = []
    for machine in machines:
        key = machine.resource_key
        fact = facts[key]
        violations = (fact,) if isinstance(fact, RuleViolation) else reimage_obstacles(fact)
        found += [Finding(violation, key) for violation in violations]
        if getattr(machine, "has_open_operation", False):
            found.append(
                Finding(RuleViolation("targets", "virtual_machine_has_open_request", {"vm": machine.name}), key)
            )
    return found
