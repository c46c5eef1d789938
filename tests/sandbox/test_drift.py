"""Changes behind the portal's back."""

import pytest
import requests

from tests.sandbox.client import Client, vm_path
from tests.sandbox_process import SandboxProcess


def test_a_deleted_machine_is_not_found(reader: Client, sandbox: SandboxProcess) -> None:
    assert sandbox.drift("web-02", delete=True)["exists"] is False
    assert reader.get(vm_path("web-02")).status_code == 404
    assert [disk["fate"] for disk in sandbox.machine("web-02")["released_disks"]] == ["kept"]


def test_a_recreated_machine_has_another_vm_id_and_os_disk(reader: Client, sandbox: SandboxProcess) -> None:
    before = reader.vm("web-03")["properties"]
    sandbox.drift("web-03", recreate=True)
    after = reader.vm("web-03")["properties"]
    assert after["vmId"] != before["vmId"]
    assert after["storageProfile"]["osDisk"]["name"] != before["storageProfile"]["osDisk"]["name"]


def test_a_moved_machine_keeps_its_vm_id_under_another_resource_id(reader: Client, sandbox: SandboxProcess) -> None:
    before = reader.vm("web-03")["properties"]["vmId"]
    assert sandbox.drift("web-03", move_to="rg-elsewhere")["exists"] is False
    assert reader.get(vm_path("web-03")).status_code == 404
    moved = reader.get(vm_path("web-03", "rg-elsewhere")).json()
    assert moved["properties"]["vmId"] == before
    assert "/rg-elsewhere/" in moved["properties"]["storageProfile"]["osDisk"]["managedDisk"]["id"].lower()


def test_fields_and_tags_change(reader: Client, sandbox: SandboxProcess) -> None:
    sandbox.drift(
        "batch-01", group="rg-batch", delete_option="Delete", provisioning_state="Updating", tags={"new": "1"}
    )
    vm = reader.vm("batch-01", "rg-batch")
    assert vm["properties"]["storageProfile"]["osDisk"]["deleteOption"] == "Delete"
    assert vm["properties"]["provisioningState"] == "Updating"
    assert vm["tags"] == {"env": "test", "owner": "batch", "new": "1"}


def test_a_recreated_machine_may_have_another_kind_of_os_disk(reader: Client, sandbox: SandboxProcess) -> None:
    sandbox.drift("web-02", recreate=True, ephemeral_placement="CacheDisk", delete_option="Delete")
    assert reader.vm("web-02")["properties"]["storageProfile"]["osDisk"]["diffDiskSettings"]["option"] == "Local"
    sandbox.drift("web-02", recreate=True, ephemeral_placement=None, delete_option="Detach")
    assert "diffDiskSettings" not in reader.vm("web-02")["properties"]["storageProfile"]["osDisk"]


@pytest.mark.parametrize("patch", [{"colour": "red"}, {"delete_option": "Burn"}])
def test_it_refuses_a_change_that_cannot_be(sandbox: SandboxProcess, patch: dict[str, str]) -> None:
    with pytest.raises(requests.HTTPError, match="400"):
        sandbox.drift("web-02", **patch)


def test_it_refuses_to_change_a_machine_that_is_not_there(sandbox: SandboxProcess) -> None:
    with pytest.raises(requests.HTTPError, match="400"):
        sandbox.drift("web-99", delete=True)
