"""Disks as resources: attached, kept, destroyed."""

from tests.sandbox.client import Client
from tests.sandbox_process import PRODUCTION, SandboxProcess

DISKS_VERSION = "2024-03-02"
GROUP = f"/subscriptions/{PRODUCTION}/resourceGroups/rg-web/providers/Microsoft.Compute/disks"


def os_disk_id(client: Client, name: str) -> str:
    disk_id: str = client.vm(name)["properties"]["storageProfile"]["osDisk"]["managedDisk"]["id"]
    return disk_id


def test_an_attached_os_disk_names_its_machine(reader: Client) -> None:
    disk = reader.get(os_disk_id(reader, "web-02"), version=DISKS_VERSION).json()
    assert disk["managedBy"] == reader.vm("web-02")["id"]
    assert disk["properties"]["diskState"] == "Attached"
    assert disk["properties"]["osType"] == "Windows"
    assert disk["properties"]["diskSizeGB"] == 127


def test_the_disk_of_a_deallocated_machine_is_reserved(reader: Client) -> None:
    disk = reader.get(os_disk_id(reader, "web-04"), version=DISKS_VERSION).json()
    assert disk["properties"]["diskState"] == "Reserved"


def test_a_kept_disk_stays_unattached_and_a_destroyed_one_is_gone(operator: Client, sandbox: SandboxProcess) -> None:
    kept, destroyed = os_disk_id(operator, "web-02"), os_disk_id(operator, "web-03")
    operator.reimage("web-02")
    operator.reimage("web-03")
    sandbox.advance_clock(20)
    disk = operator.get(kept, version=DISKS_VERSION).json()
    assert disk["properties"]["diskState"] == "Unattached"
    assert "managedBy" not in disk
    assert operator.get(destroyed, version=DISKS_VERSION).status_code == 404
    for name in ("web-02", "web-03"):
        new = operator.get(os_disk_id(operator, name), version=DISKS_VERSION).json()
        assert new["properties"]["diskState"] == "Attached"


def test_a_list_holds_attached_and_kept_disks_only(operator: Client, sandbox: SandboxProcess) -> None:
    before = operator.get(GROUP, version=DISKS_VERSION).json()["value"]
    assert len(before) == 3
    operator.reimage("web-02")
    operator.reimage("web-03")
    sandbox.advance_clock(20)
    after = operator.get(GROUP, version=DISKS_VERSION).json()["value"]
    assert sorted(disk["properties"]["diskState"] for disk in after) == [
        "Attached",
        "Attached",
        "Reserved",
        "Unattached",
    ]
    everywhere = operator.get(f"/subscriptions/{PRODUCTION}/providers/Microsoft.Compute/disks", version=DISKS_VERSION)
    assert {disk["id"] for disk in after} <= {disk["id"] for disk in everywhere.json()["value"]}


def test_an_ephemeral_os_disk_is_no_resource_of_its_own(reader: Client) -> None:
    assert reader.get(os_disk_id(reader, "web-01"), version=DISKS_VERSION).status_code == 404


def test_the_control_api_tells_every_disks_fate(operator: Client, sandbox: SandboxProcess) -> None:
    operator.reimage("web-03")
    sandbox.advance_clock(20)
    fates = [disk["fate"] for disk in sandbox.control("GET", "disks", vm="web-03")]
    assert sorted(fates) == ["attached", "deleted"]
