"""Valid things to start from, and two of the cast: Alice requests, Bob approves."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from reimage.domain.policy import PrincipalKey
from reimage.domain.resource_ids import VirtualMachineId
from reimage.domain.virtual_machine import DeleteOption, ImageReference, OsDisk, OsType, VirtualMachineFacts

TENANT = "11111111-1111-4111-8111-111111111111"
ALICE = PrincipalKey(TENANT, "aa000000-0000-4000-8000-00000000000a")
BOB = PrincipalKey(TENANT, "bb000000-0000-4000-8000-00000000000b")

SUBSCRIPTION = "aaaaaaaa-0000-4000-8000-000000000001"
OTHER_SUBSCRIPTION = "aaaaaaaa-0000-4000-8000-000000000002"
GOOD_PASSWORD = "Correct-Horse-7"
COMMITMENT = "hmac-of-the-password"

MANAGED_DISK = OsDisk(
    name="web-02_OsDisk_1",
    resource_id=f"/subscriptions/{SUBSCRIPTION}/resourceGroups/rg-web/providers/Microsoft.Compute/disks/web-02_OsDisk_1",
    delete_option=DeleteOption.DETACH,
    storage_type="Premium_LRS",
    size_gb=127,
)
EPHEMERAL_DISK = replace(
    MANAGED_DISK, delete_option=DeleteOption.DELETE, ephemeral=True, ephemeral_placement="CacheDisk"
)
WINDOWS_IMAGE = ImageReference(
    publisher="MicrosoftWindowsServer",
    offer="WindowsServer",
    sku="2022-datacenter-g2",
    version="latest",
    exact_version="20348.2762.241006",
)
WEB_02 = VirtualMachineFacts(
    resource_id=VirtualMachineId(SUBSCRIPTION, "rg-web", "web-02"),
    vm_id="7d3a5c1e-0000-4000-8000-000000000002",
    location="japaneast",
    os_type=OsType.WINDOWS,
    computer_name="web-02",
    provisioning_state="Succeeded",
    power_state="running",
    image=WINDOWS_IMAGE,
    os_disk=MANAGED_DISK,
    tags={"env": "prod", "owner": "web"},
    data_disk_names=("web-02_Data_1", "web-02_Data_2"),
    read_at=datetime(2025, 1, 6, 9, 0, tzinfo=UTC),
)


def with_disk(facts: VirtualMachineFacts = WEB_02, **changes: Any) -> VirtualMachineFacts:
    return replace(facts, os_disk=replace(facts.os_disk, **changes))


EPHEMERAL = replace(WEB_02, os_disk=EPHEMERAL_DISK)
SET_TO_DELETE = with_disk(delete_option=DeleteOption.DELETE)
