"""Reimage on the wire: what is accepted, how it answers, what it does to the OS disk."""

import pytest

from tests.sandbox.client import Client, vm_path
from tests.sandbox_process import SandboxProcess


def os_disk(client: Client, name: str, group: str = "rg-web") -> dict[str, object]:
    disk: dict[str, object] = client.vm(name, group)["properties"]["storageProfile"]["osDisk"]
    return disk


def test_it_answers_202_with_both_urls_and_nothing_else(operator: Client) -> None:
    answer = operator.reimage("web-02")
    assert answer.status_code == 202
    assert answer.content == b""
    assert "Retry-After" not in answer.headers
    status_url = answer.headers["Azure-AsyncOperation"]
    assert "/locations/japaneast/operations/" in status_url
    assert "?p=" in status_url
    assert answer.headers["Location"] == f"{status_url}&monitor=true"


def test_the_machine_is_updating_until_the_operation_has_succeeded(operator: Client, sandbox: SandboxProcess) -> None:
    url = operator.reimage("web-02").headers["Azure-AsyncOperation"]
    sandbox.advance_clock(19)
    assert operator.get(url).json()["status"] == "InProgress"
    assert operator.vm("web-02")["properties"]["provisioningState"] == "Updating"
    sandbox.advance_clock(1)
    done = operator.get(url).json()
    assert done["status"] == "Succeeded"
    assert set(done) == {"startTime", "endTime", "status", "name"}
    assert operator.vm("web-02")["properties"]["provisioningState"] == "Succeeded"


def test_detach_keeps_the_old_os_disk_unattached(operator: Client, sandbox: SandboxProcess) -> None:
    before = operator.vm("web-02")
    old_id = os_disk(operator, "web-02")["managedDisk"]["id"]
    operator.reimage("web-02")
    sandbox.advance_clock(20)
    after = operator.vm("web-02")
    assert os_disk(operator, "web-02")["managedDisk"]["id"] != old_id
    assert os_disk(operator, "web-02")["name"] != before["properties"]["storageProfile"]["osDisk"]["name"]
    assert os_disk(operator, "web-02")["deleteOption"] == "Detach"
    for unchanged in ("vmId", "timeCreated", "networkProfile"):
        assert after["properties"][unchanged] == before["properties"][unchanged]
    image = before["properties"]["storageProfile"]["imageReference"]
    assert after["properties"]["storageProfile"]["imageReference"] == image
    assert [disk["fate"] for disk in sandbox.machine("web-02")["released_disks"]] == ["kept"]


def test_delete_destroys_the_old_os_disk(operator: Client, sandbox: SandboxProcess) -> None:
    operator.reimage("web-03")
    sandbox.advance_clock(20)
    assert [disk["fate"] for disk in sandbox.machine("web-03")["released_disks"]] == ["deleted"]


def test_a_reimage_of_an_ephemeral_os_disk_changes_nothing_in_the_model(
    operator: Client, sandbox: SandboxProcess
) -> None:
    before = operator.vm("web-01")
    assert operator.reimage("web-01", {"tempDisk": True}).status_code == 202
    sandbox.advance_clock(20)
    after = operator.vm("web-01")
    assert after["properties"] == before["properties"]
    assert sandbox.machine("web-01")["released_disks"] == []


def test_an_exact_version_is_accepted_and_changes_nothing(operator: Client, sandbox: SandboxProcess) -> None:
    before = operator.vm("web-02")["properties"]["storageProfile"]["imageReference"]
    url = operator.reimage("web-02", {"exactVersion": "0.1"}).headers["Azure-AsyncOperation"]
    sandbox.advance_clock(20)
    assert operator.get(url).json()["status"] == "Succeeded"
    assert operator.vm("web-02")["properties"]["storageProfile"]["imageReference"] == before


@pytest.mark.parametrize("path", [vm_path("web-02").upper(), vm_path("WEB-02").lower()])
def test_resource_ids_are_case_insensitive(operator: Client, path: str) -> None:
    assert operator.call("POST", f"{path}/reimage").status_code == 202


def test_it_accepts_a_deallocated_machine(operator: Client) -> None:
    assert operator.reimage("web-04").status_code == 202


def test_it_refuses_a_machine_that_is_updating(operator: Client) -> None:
    operator.reimage("web-02")
    answer = operator.reimage("web-02")
    assert answer.status_code == 409
    assert answer.json()["error"]["code"] == "OperationNotAllowed"


def test_it_refuses_an_unknown_machine(operator: Client) -> None:
    answer = operator.reimage("web-99")
    assert answer.status_code == 404
    assert answer.json()["error"]["code"] == "ResourceNotFound"
