"""Every request that the portal puts on the wire is one that Microsoft's documents describe."""

from typing import Any
from urllib.parse import urlencode

from portal.identity.models import User
from reimage.domain.parameters import ReimageParameters
from reimage.domain.plan import DeleteOptionChange
from reimage.domain.request_states import RequestState
from reimage.models import VirtualMachine
from reimage.services.images import offered_versions
from tests.contract.openapi import Documents
from tests.sandbox_process import SandboxProcess
from tests.services.test_inventory import GRAPH, synchronize
from tests.stories import approved, run

# Neither is a resource of the compute documents: the first is Azure's own address, followed as it was given; the
# second is described by Azure Monitor's documents, which are not among ours.
FOLLOWED = ("/operations/", "/eventtypes/management/values")
FULL = ReimageParameters(exact_version="0.1", admin_password="Correct-Horse-7", custom_data="I2Nsb3VkLWNvbmZpZwo=")


def unmasked(body: Any) -> Any:
    """The ledger's body with a text again where it keeps a password's hash."""
    if not isinstance(body, dict):
        return body
    return {name: "a password" if name == "adminPassword" else unmasked(value) for name, value in body.items()}


def test_a_whole_story_puts_only_documented_requests_on_the_wire(
    documents: Documents, azure: SandboxProcess, alice: User, bob: User
) -> None:
    azure.faults("status", match=GRAPH, status=403)
    synchronize()
    offered_versions(VirtualMachine.objects.get(name="web-02"))
    run(approved(alice, bob, "web-01", parameters=ReimageParameters(temp_disk=True)), azure)
    run(approved(alice, bob, "web-02", parameters=FULL, change=DeleteOptionChange.DELETE), azure, steps=9)
    finished = run(approved(alice, bob, "web-03"), azure)
    assert finished.state == RequestState.COMPLETED
    seen = set()
    for entry in azure.ledger():
        if not entry["path"].startswith(("/subscriptions", "/providers")) or any(
            part in entry["path"] for part in FOLLOWED
        ):
            continue
        url = f"{entry['path']}?{urlencode(entry['query'])}"
        seen.add(documents.check_request(entry["method"], url, unmasked(entry["body"])))
    assert seen >= {
        "Resources",
        "VirtualMachines_ListAll",
        "VirtualMachines_Get",
        "VirtualMachines_Update",
        "VirtualMachines_Reimage",
        "VirtualMachineImages_List",
        "Disks_Get",
    }
