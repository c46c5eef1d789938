"""Azure's documents where they leave something out."""

from datetime import UTC, datetime
from typing import Any

import pytest

from reimage.azure.parsing import facts_from_document

WEB_02 = (
    "/subscriptions/aaaaaaaa-0000-4000-8000-000000000001/resourceGroups/rg-web"
    "/providers/Microsoft.Compute/virtualMachines/web-02"
)


@pytest.mark.parametrize(
    ("profile", "os_type"),
    [
        ({"windowsConfiguration": {"provisionVMAgent": True}}, "Windows"),
        ({"linuxConfiguration": {"provisionVMAgent": True}}, "Linux"),
        (None, "Linux"),
    ],
)
def test_without_a_type_of_the_disk_the_profile_tells_the_operating_system(profile: Any, os_type: str) -> None:
    document = {"id": WEB_02, "properties": {"osProfile": profile, "storageProfile": {"osDisk": {"name": "disk"}}}}
    assert facts_from_document(document, read_at=datetime.now(UTC)).os_type == os_type
