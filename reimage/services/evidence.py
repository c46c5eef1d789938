"""What can be seen right now of an operation that waits for an administrator: the machine, and Azure's Activity Log."""

from dataclasses import dataclass

from reimage.domain.plan import ReimagePlan
from reimage.domain.virtual_machine import VirtualMachineFacts
from reimage.models import ReimageOperation

UNREADABLE = "unreadable"  # the log, just now or for this portal


@dataclass(frozen=True, slots=True)
class Observation:
    """`facts` is None where the machine is gone (`is_gone`) or Azure did not say; `trace` a word of Trace,
    UNREADABLE, or empty."""

    facts: VirtualMachineFacts | None = None
    is_gone: bool = False
    trace: str = ""


def observe(operation: ReimageOperation) -> Observation:
    """Two reads at Azure; never raises for what Azure answers, for the page has to come in any case."""
    # The SDK takes a while to import; pages that never ask Azure do not pay for it.
    from reimage.azure.activity_log import find_reimage_call
    from reimage.azure.errors import AzureError, VirtualMachineNotFound
    from reimage.azure.virtual_machines import read_virtual_machine

    target = ReimagePlan.from_document(operation.plan).resource_id
    try:
        facts, is_gone = read_virtual_machine(target), False
    except VirtualMachineNotFound:
        facts, is_gone = None, True
    except AzureError:
        return Observation()
    if operation.client_request_id is None or operation.submitted_at is None:
        return Observation(facts, is_gone)
    call, since = operation.client_request_id, operation.submitted_at
    try:
        return Observation(facts, is_gone, find_reimage_call(target, client_request_id=call, since=since).value)
    except AzureError:
        return Observation(facts, is_gone, UNREADABLE)
