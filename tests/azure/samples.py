"""What the tests of the Azure room share: one machine, its disk, a call of ours, and a secret to look for."""

from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import UUID

from reimage.domain.parameters import ReimageParameters
from reimage.domain.resource_ids import VirtualMachineId
from tests.azure.server import Server

SUBSCRIPTION = "aaaaaaaa-0000-4000-8000-000000000001"
WEB_02 = VirtualMachineId(SUBSCRIPTION, "rg-web", "web-02")
DISK = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/rg-web/providers/Microsoft.Compute/disks/web-02_OsDisk_1"
CALL = UUID("12345678-0000-4000-8000-000000000000")
PASSWORD = "Canary-Horse-7"
FULL = ReimageParameters(
    temp_disk=True, exact_version="aaaaaa", admin_password=PASSWORD, custom_data="I2Nsb3VkLWNvbmZpZwo="
)


def machine(**properties: Any) -> dict[str, Any]:
    disk = {"name": "disk", "osType": "Linux", "managedDisk": {"id": DISK}, "createOption": "FromImage"}
    return {
        "id": str(WEB_02),
        "name": "web-02",
        "location": "japaneast",
        "properties": {"vmId": "7D3A", "provisioningState": "Succeeded", "storageProfile": {"osDisk": disk}}
        | properties,
    }


def version_of(server: Server) -> str:
    return parse_qs(urlsplit(server.arrivals[-1].path).query)["api-version"][0]
