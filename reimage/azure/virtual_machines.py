"""Reading one virtual machine, changing its deleteOption, and the reimage POST itself."""

import math
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from azure.mgmt.compute.models import VirtualMachineReimageParameters, VirtualMachineUpdate

from reimage.azure.calls import CallOutcome, Hooks, classify
from reimage.azure.clients import API_VERSION, DISKS_API_VERSION, compute_client, single_shot_client
from reimage.azure.echoes import without_echoes
from reimage.azure.errors import VirtualMachineNotFound, reading
from reimage.azure.parsing import facts_from_document
from reimage.azure.time_limits import CONNECT_SECONDS
from reimage.domain.resource_ids import VirtualMachineId
from reimage.domain.virtual_machine import DeleteOption, VirtualMachineFacts


def read_virtual_machine(vm_id: VirtualMachineId, *, patience: float | None = None) -> VirtualMachineFacts:
    """The machine as Azure has it now. Raises VirtualMachineNotFound, AzureRefused or AzureUnavailable.

    `patience` (seconds) is for whom a person waits: a single try with shorter limits than the client's own.
    """
    with reading():
        operations = compute_client(vm_id.subscription_id).virtual_machines
        document = operations.get(
            vm_id.resource_group, vm_id.name, expand="instanceView", api_version=API_VERSION, **_limits(patience)
        )
        return facts_from_document(document.as_dict(), read_at=datetime.now(UTC))


def submit_reimage(
    vm_id: VirtualMachineId,
    body: dict[str, object] | None,
    *,
    client_request_id: UUID,
    deadline: float = math.inf,
) -> CallOutcome:
    """Sends exactly one POST …/reimage and never repeats it; none after the deadline (monotonic seconds).

    An empty body is sent as none at all.
    """

    def send(hooks: Hooks) -> object:
        return single_shot_client(vm_id.subscription_id).virtual_machines.begin_reimage(
            vm_id.resource_group,
            vm_id.name,
            VirtualMachineReimageParameters(body) if body else None,  # `{}` would go out as text/plain (measured)
            api_version=API_VERSION,
            headers={"x-ms-client-request-id": str(client_request_id)},
            polling=False,
            **hooks,
        )

    return without_echoes(classify(send, deadline=deadline), body)


def change_delete_option(
    vm_id: VirtualMachineId, option: DeleteOption, *, client_request_id: UUID, deadline: float = math.inf
) -> CallOutcome:
    """Sends one PATCH that sets the OS disk's deleteOption; none after the deadline (monotonic seconds).

    `createOption` is required by the schema even here.
    """
    disk = {"createOption": "FromImage", "deleteOption": option.value}

    def send(hooks: Hooks) -> object:
        return single_shot_client(vm_id.subscription_id).virtual_machines.begin_update(
            vm_id.resource_group,
            vm_id.name,
            VirtualMachineUpdate({"properties": {"storageProfile": {"osDisk": disk}}}),
            api_version=API_VERSION,
            headers={"x-ms-client-request-id": str(client_request_id)},
            polling=False,
            **hooks,
        )

    return without_echoes(classify(send, deadline=deadline), None)


def disk_exists(disk_id: str) -> bool:
    """Whether a managed disk is there. Raises AzureRefused or AzureUnavailable."""
    try:
        with reading():
            _, _, subscription, _, group, *_, name = disk_id.split("/")
            # Disks live in the same client, under an api-version of their own.
            compute_client(subscription).disks.get(group, name, api_version=DISKS_API_VERSION)
    except VirtualMachineNotFound:
        return False
    return True


def image_versions(
    subscription_id: str, *, location: str, publisher: str, offer: str, sku: str, patience: float | None = None
) -> list[str]:
    """The versions of a platform image that Azure offers in a location, newest first. Raises an AzureError.

    `patience` is as for read_virtual_machine.
    """
    with reading():
        operations = compute_client(subscription_id).virtual_machine_images
        found = operations.list(location, publisher, offer, sku, api_version=API_VERSION, **_limits(patience))
        return sorted((image.name for image in found), key=_version_key, reverse=True)


def _limits(patience: float | None) -> dict[str, Any]:
    """Of one call, over those of its client."""
    if patience is None:
        return {}
    return {"connection_timeout": min(patience, CONNECT_SECONDS), "read_timeout": patience, "retry_total": 0}


def _version_key(version: str) -> list[tuple[int, str]]:
    return [(int(part), "") if part.isdecimal() else (0, part) for part in version.split(".")]
