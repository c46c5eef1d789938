"""What can be seen right now of an operation that waits for an administrator: the machine, and Azure's Activity Log."""

from dataclasses import dataclass
from functools import partial

from reimage.domain.virtual_machine import VirtualMachineFacts
from reimage.models import ReimageOperation
from reimage.services import live_reads
from reimage.services.errors import plan_of

UNREADABLE = "unreadable"  # the log, just now or for this portal


@dataclass(frozen=True, slots=True)
class Observation:
    """`facts` is None where the machine is gone (`is_gone`) or Azure did not say; `trace` a word of Trace,
    UNREADABLE, or empty."""

    facts: VirtualMachineFacts | None = None
    is_gone: bool = False
    trace: str = ""


def observe(operation: ReimageOperation) -> Observation:
    """Two reads at Azure, bounded in time; never raises for what Azure answers or does not: the page has to come in any
    case, and it is opened when Azure is ill."""
    # The SDK takes a while to import; pages that never ask Azure do not pay for it.
    from reimage.azure.activity_log import find_reimage_call
    from reimage.azure.errors import AzureError, VirtualMachineNotFound
    from reimage.azure.virtual_machines import read_virtual_machine

    target = plan_of(operation).resource_id
    facts, is_gone = None, False
    try:
        read = partial(read_virtual_machine, patience=live_reads.PAGE_SECONDS)
        (facts,) = live_reads.ask(read, [target], seconds=live_reads.PAGE_SECONDS)
    except VirtualMachineNotFound:
        is_gone = True
    except (AzureError, TimeoutError):
        return Observation()
    if operation.client_request_id is None or operation.submitted_at is None:
        return Observation(facts, is_gone)
    find = partial(find_reimage_call, client_request_id=operation.client_request_id, since=operation.submitted_at)
    try:
        (trace,) = live_reads.ask(find, [target], seconds=live_reads.PAGE_SECONDS)
    except (AzureError, TimeoutError):
        return Observation(facts, is_gone, UNREADABLE)
    return Observation(facts, is_gone, trace.value)
