"""Many rows at once, made without Azure: for pages that must cost the same however long their list is."""

from datetime import timedelta

from django.utils import timezone

from portal.identity.models import User
from reimage.domain.operation_states import OperationState
from reimage.domain.request_states import RequestState
from reimage.models import ReimageOperation, ReimageRequest, VirtualMachine
from tests.sandbox_process import PRODUCTION


def pk(name: str) -> int:
    """The key of the machine of this name."""
    return int(VirtualMachine.objects.get(name=name).pk)


def virtual_machine(name: str, **differences: object) -> VirtualMachine:
    """A machine of rg-web as the inventory would have it."""
    resource_id = (
        f"/subscriptions/{PRODUCTION}/resourceGroups/rg-web/providers/Microsoft.Compute/virtualMachines/{name}"
    )
    attributes: dict[str, object] = {
        "resource_key": resource_id.lower(),
        "resource_id": resource_id,
        "subscription_id": PRODUCTION,
        "resource_group_key": "rg-web",
        "resource_group": "rg-web",
        "name": name,
        "vm_id": f"vm-id-of-{name}",
        "location": "japaneast",
        "os_type": "Linux",
        "image": "Canonical:ubuntu:22_04-lts:latest",
        "provisioning_state": "Succeeded",
        "power_state": "running",
        "ephemeral": False,
        "delete_option": "Detach",
        "synced_at": timezone.now(),
    }
    return VirtualMachine.objects.create(**attributes | differences)


def reimage_request(requester: User, *machines: VirtualMachine, **differences: object) -> ReimageRequest:
    """A request that waits for its approver; its plans are only as deep as lists look into them."""
    now = timezone.now()
    attributes: dict[str, object] = {
        "state": RequestState.PENDING_APPROVAL,
        "requester": requester,
        "justification": "The disk image is corrupt.",
        "language": "en",
        "digest": "0" * 64,
        "submitted_at": now,
        "expires_at": now + timedelta(hours=72),
    }
    made = ReimageRequest.objects.create(**attributes | differences)
    for position, machine in enumerate(machines):
        ReimageOperation.objects.create(
            reimage_request=made,
            virtual_machine=machine,
            resource_key=machine.resource_key,
            name=machine.name,
            position=position,
            state=OperationState.AWAITING_APPROVAL,
            plan={"ephemeral": machine.ephemeral, "delete_option_at_reimage": machine.delete_option},
            plan_digest="0" * 64,
        )
    return made
