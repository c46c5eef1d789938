"""Every ARM answer of the sandbox is one that Microsoft's documents describe, refusals included."""

from collections.abc import Iterator
from typing import Any

import pytest
import requests

from tests.contract.openapi import ContractError, Documents
from tests.sandbox.client import Client, vm_path
from tests.sandbox_process import PRODUCTION, SandboxProcess

pytestmark = pytest.mark.own_database

SUBSCRIPTION = f"/subscriptions/{PRODUCTION}"
COMPUTE = f"{SUBSCRIPTION}/providers/Microsoft.Compute"
GROUP = f"{SUBSCRIPTION}/resourceGroups/rg-web"
IMAGE = "publishers/Canonical/artifacttypes/vmimage/offers/0001-com-ubuntu-server-jammy/skus/22_04-lts-gen2/versions"
GRAPH = "/providers/Microsoft.ResourceGraph/resources"
QUERY = {
    "query": "Resources | where type =~ 'microsoft.compute/virtualmachines' | order by id asc",
    "options": {"$top": 100, "resultFormat": "objectArray"},
    "subscriptions": [PRODUCTION],
}
OS_DISK = {"createOption": "FromImage", "deleteOption": "Delete"}


@pytest.fixture
def operator(contract_sandbox: SandboxProcess) -> Iterator[Client]:
    contract_sandbox.reset()
    with Client(contract_sandbox, "operator") as client:
        yield client


def check(documents: Documents, answer: requests.Response, request_body: Any = None) -> str:
    """Both halves of an exchange against the document; answers the operation's id."""
    request = answer.request
    assert request.method
    assert request.url
    if answer.ok:
        documents.check_request(request.method, request.url, request_body)
    body = answer.json() if answer.content else None
    return documents.check_response(request.method, request.url, answer.status_code, body)


@pytest.mark.parametrize(
    ("path", "version", "operation"),
    [
        (f"{COMPUTE}/virtualMachines", "2024-07-01", "VirtualMachines_ListAll"),
        (f"{COMPUTE}/virtualMachines?statusOnly=true", "2024-07-01", "VirtualMachines_ListAll"),
        (f"{GROUP}/providers/Microsoft.Compute/virtualMachines", "2024-07-01", "VirtualMachines_List"),
        (vm_path("web-01"), "2024-07-01", "VirtualMachines_Get"),
        (f"{vm_path('web-04')}?$expand=instanceView", "2024-07-01", "VirtualMachines_Get"),
        (f"{vm_path('web-02')}/instanceView", "2024-07-01", "VirtualMachines_InstanceView"),
        (vm_path("web-99"), "2024-07-01", "VirtualMachines_Get"),
        (f"{COMPUTE}/locations/japaneast/{IMAGE}", "2024-07-01", "VirtualMachineImages_List"),
        (f"{COMPUTE}/locations/atlantis/{IMAGE}", "2024-07-01", "VirtualMachineImages_List"),
        (f"{COMPUTE}/disks", "2024-03-02", "Disks_List"),
        (f"{GROUP}/providers/Microsoft.Compute/disks", "2024-03-02", "Disks_ListByResourceGroup"),
        (f"{GROUP}/providers/Microsoft.Compute/disks/none", "2024-03-02", "Disks_Get"),
        ("/subscriptions", "2022-12-01", "Subscriptions_List"),
        (SUBSCRIPTION, "2022-12-01", "Subscriptions_Get"),
        (f"{GROUP}/providers/Microsoft.Authorization/permissions", "2022-04-01", "Permissions_ListForResourceGroup"),
        (
            f"{vm_path('web-01')}/providers/Microsoft.Authorization/permissions",
            "2022-04-01",
            "Permissions_ListForResource",
        ),
    ],
)
def test_reads(documents: Documents, operator: Client, path: str, version: str, operation: str) -> None:
    assert check(documents, operator.get(path, version=version)) == operation


def test_every_page_of_machines(documents: Documents, operator: Client) -> None:
    url = f"{COMPUTE}/virtualMachines"
    while url:
        page = operator.get(url)
        check(documents, page)
        url = page.json().get("nextLink", "")


@pytest.mark.parametrize("version", ["2021-03-01", "2024-04-01"])
def test_resource_graph(documents: Documents, operator: Client, version: str) -> None:
    check(documents, operator.call("POST", GRAPH, QUERY, version=version), QUERY)
    refused = operator.call("POST", GRAPH, {"query": "Alerts"}, version=version)
    assert refused.status_code == 400
    check(documents, refused)


def test_an_update_and_the_disks_after_a_reimage(documents: Documents, operator: Client) -> None:
    body = {"properties": {"storageProfile": {"osDisk": OS_DISK}}}
    check(documents, operator.call("PATCH", vm_path("web-03"), body), body)
    kept = operator.sandbox.machine("web-02")["os_disk_id"]
    assert check(documents, operator.reimage("web-02")) == "VirtualMachines_Reimage"
    operator.sandbox.advance_clock(60)
    attached = operator.sandbox.machine("web-03")["os_disk_id"]
    for disk in (kept, attached):
        check(documents, operator.get(disk, version="2024-03-02"))


@pytest.mark.parametrize(
    ("name", "body", "status"),
    [
        ("web-01", {"tempDisk": True}, 202),
        ("web-02", {"exactVersion": "20348.2762.241006"}, 202),
        ("web-02", {"osProfile": {"adminPassword": "Correct-Horse-7", "customData": "YQ=="}}, 202),
        ("web-02", {"tempDisk": True}, 400),
        ("web-01", {"osProfile": {"adminPassword": "Correct-Horse-7"}}, 400),
        ("web-02", {"osProfile": {"adminPassword": "short"}}, 400),
        ("web-99", None, 404),
    ],
)
def test_reimage(documents: Documents, operator: Client, name: str, body: Any, status: int) -> None:
    answer = operator.reimage(name, body)
    assert answer.status_code == status
    check(documents, answer, body)


def test_conflicts_throttling_and_missing_rights(documents: Documents, operator: Client) -> None:
    operator.reimage("web-02")
    answers = [operator.reimage("web-02") for _ in range(12)]
    with Client(operator.sandbox, "reader") as reader:
        answers.append(reader.reimage("web-02"))
    assert {answer.status_code for answer in answers} == {409, 429, 403}
    for answer in answers:
        check(documents, answer)


@pytest.mark.parametrize(
    ("body", "complaint"),
    [
        ({"temp_disk": True}, "temp_disk: not in the document"),
        ({"tempDisk": "yes"}, "is not of type 'boolean'"),
        ({"osProfile": {"adminPasswort": "x"}}, "adminPasswort: not in the document"),
    ],
)
def test_the_judge_sees_misspelt_and_mistyped_fields(documents: Documents, body: Any, complaint: str) -> None:
    url = f"{vm_path('web-02')}/reimage?api-version=2024-07-01"
    with pytest.raises(ContractError, match=complaint):
        documents.check_request("POST", url, body)


def test_the_judge_sees_a_missing_create_option_inside_references(documents: Documents) -> None:
    body = {"properties": {"storageProfile": {"osDisk": {"deleteOption": "Delete"}}}}
    with pytest.raises(ContractError, match="'createOption' is a required property"):
        documents.check_request("PATCH", f"{vm_path('web-02')}?api-version=2024-07-01", body)


@pytest.mark.parametrize("version", ["2026-04-01", ""])
def test_the_judge_knows_only_the_agreed_version(documents: Documents, version: str) -> None:
    with pytest.raises(ContractError, match="no document"):
        documents.check_request("GET", f"{vm_path('web-02')}?api-version={version}")


def test_the_judge_sees_a_wrong_answer(documents: Documents) -> None:
    url = f"{vm_path('web-02')}?api-version=2024-07-01"
    with pytest.raises(ContractError, match="'location' is a required property"):
        documents.check_response("GET", url, 200, {"name": "web-02"})
    with pytest.raises(ContractError, match="204 is no documented answer"):
        documents.check_response("GET", url, 204)
    with pytest.raises(ContractError, match="has no body"):
        documents.check_response("POST", url.replace("?", "/reimage?"), 202, {})
