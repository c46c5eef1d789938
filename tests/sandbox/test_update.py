"""Update: deleteOption and tags, as a short long-running operation."""

from typing import Any

import pytest

from tests.sandbox.client import Client, vm_path
from tests.sandbox_process import SandboxProcess


def patch_os_disk(client: Client, name: str, os_disk: dict[str, Any]) -> Any:
    return client.call("PATCH", vm_path(name), {"properties": {"storageProfile": {"osDisk": os_disk}}})


def test_it_answers_the_model_in_state_updating(operator: Client) -> None:
    answer = operator.set_delete_option("web-02", "Delete")
    assert answer.status_code == 200
    assert answer.json()["properties"]["provisioningState"] == "Updating"
    assert answer.json()["properties"]["storageProfile"]["osDisk"]["deleteOption"] == "Delete"
    assert "Azure-AsyncOperation" in answer.headers


def test_it_takes_a_quarter_of_a_reimage(operator: Client, sandbox: SandboxProcess) -> None:
    url = operator.set_delete_option("web-02", "Delete").headers["Azure-AsyncOperation"]
    sandbox.advance_clock(4)
    assert operator.get(url).json()["status"] == "InProgress"
    sandbox.advance_clock(1)
    assert operator.get(url).json()["status"] == "Succeeded"
    assert operator.vm("web-02")["properties"]["provisioningState"] == "Succeeded"


def test_the_delete_option_set_before_decides_the_old_disks_fate(operator: Client, sandbox: SandboxProcess) -> None:
    operator.set_delete_option("web-03", "Detach")
    sandbox.advance_clock(5)
    operator.reimage("web-03")
    sandbox.advance_clock(20)
    assert [disk["fate"] for disk in sandbox.machine("web-03")["released_disks"]] == ["kept"]


def test_it_replaces_tags(operator: Client) -> None:
    answer = operator.call("PATCH", vm_path("web-02"), {"tags": {"env": "test"}})
    assert answer.json()["tags"] == {"env": "test"}


def test_it_needs_the_create_option_beside_the_delete_option(operator: Client, sandbox: SandboxProcess) -> None:
    answer = patch_os_disk(operator, "web-02", {"deleteOption": "Delete"})
    assert answer.status_code == 400
    assert answer.json()["error"]["target"] == "osDisk.createOption"
    assert sandbox.machine("web-02")["delete_option"] == "Detach"


def test_it_refuses_to_detach_an_ephemeral_os_disk(operator: Client, sandbox: SandboxProcess) -> None:
    answer = operator.set_delete_option("web-01", "Detach")
    assert answer.status_code == 400
    assert answer.json()["error"]["target"] == "osDisk.deleteOption"
    assert sandbox.machine("web-01")["delete_option"] == "Delete"


def test_it_accepts_what_an_ephemeral_os_disk_is_already(operator: Client) -> None:
    assert operator.set_delete_option("web-01", "Delete").status_code == 200


@pytest.mark.parametrize(
    ("os_disk", "status"),
    [
        ({"createOption": "FromImage", "deleteOption": "Burn"}, 400),
        ({"createOption": "Attach"}, 409),
        ({"createOption": "FromImage", "name": "another"}, 409),
        ({"createOption": "FromImage", "managedDisk": {"id": "/subscriptions/x/another"}}, 409),
        ({"createOption": "FromImage", "delete_option": "Delete"}, 400),
    ],
)
def test_it_refuses_other_changes_of_the_os_disk(operator: Client, os_disk: dict[str, Any], status: int) -> None:
    assert patch_os_disk(operator, "web-02", os_disk).status_code == status


def test_it_refuses_a_machine_that_is_updating(operator: Client) -> None:
    operator.reimage("web-02")
    assert operator.set_delete_option("web-02", "Delete").status_code == 409
