"""The portal reads every example of a virtual machine in Microsoft's documents, and loses nothing that it uses."""

import json
import os
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import reduce
from pathlib import Path
from typing import Any

import pytest

from reimage.azure.parsing import facts_from_document, power_state_of
from reimage.azure.virtual_machines import disk_exists
from reimage.domain.parameters import ReimageParameters, request_body
from tests.azure.conftest import server
from tests.azure.server import Answer, Server
from tests.contract.openapi import Documents

__all__ = ["server"]

COMPUTE = "compute/resource-manager/Microsoft.Compute"
MACHINES = f"{COMPUTE}/ComputeRP/stable/2024-07-01/examples/virtualMachineExamples"
DISKS = f"{COMPUTE}/DiskRP/stable/2024-03-02/examples/diskExamples"
DISK_FOLDER = (
    "/subscriptions/aaaaaaaa-0000-4000-8000-000000000001/resourceGroups/rg-web/providers/Microsoft.Compute/disks"
)
NO_MACHINES = {"VirtualMachine_ListAvailableVmSizes.json"}
PLACEHOLDERS = ((r"\{subscription-?[iI]d\}", "aaaaaaaa-0000-4000-8000-000000000001"), (r"\{(\w+)\}", r"\1"))


def examples(folder: str, *patterns: str) -> list[Any]:
    """The examples' answers, one parameter each; none without the documents, where `documents` skips."""
    root = os.environ.get("AZURE_REST_API_SPECS")
    files = [file for pattern in patterns for file in sorted(Path(root, folder).glob(pattern))] if root else []
    return [pytest.param(file, id=file.stem) for file in files if file.name not in NO_MACHINES] or [None]


def answers(file: Path) -> Iterator[dict[str, Any]]:
    """Every resource in an example's answers, its placeholders filled in."""
    text = file.read_text(encoding="utf-8")
    for pattern, value in PLACEHOLDERS:
        text = re.sub(pattern, value, text)
    for answer in json.loads(text)["responses"].values():
        body = answer.get("body") or {}
        yield from body.get("value", [body])


def at(document: dict[str, Any], path: str) -> Any:
    """The value at a path of members, None where one is missing."""
    return reduce(lambda found, name: (found or {}).get(name), path.split("."), document)


def power_state(statuses: Any) -> str | None:
    codes = [status["code"] for status in statuses or [] if status.get("code", "").startswith("PowerState/")]
    return codes[0].removeprefix("PowerState/") if codes else None


@pytest.mark.parametrize("file", examples(MACHINES, "VirtualMachine_Get*.json", "VirtualMachine_List*.json"))
def test_every_example_of_a_machine_is_read_without_loss(documents: Documents, file: Path) -> None:
    for document in answers(file):
        if "id" not in document:  # an instance view alone
            assert power_state_of(document) == power_state(document["statuses"])
            continue
        facts = facts_from_document(document, read_at=datetime(2026, 1, 1, tzinfo=UTC))
        disk = at(document, "properties.storageProfile.osDisk") or {}
        image = at(document, "properties.storageProfile.imageReference") or {}
        local = at(disk, "diffDiskSettings.option") == "Local"
        assert str(facts.resource_id) == document["id"]
        assert facts.vm_id == (at(document, "properties.vmId") or "").lower()
        assert facts.location == document["location"]
        assert facts.tags == document.get("tags", {})
        assert facts.provisioning_state == (at(document, "properties.provisioningState") or "")
        assert facts.power_state == power_state(at(document, "properties.instanceView.statuses"))
        assert facts.computer_name == at(document, "properties.osProfile.computerName")
        assert facts.virtual_machine_scale_set_id == at(document, "properties.virtualMachineScaleSet.id")
        assert len(facts.data_disk_names) == len(at(document, "properties.storageProfile.dataDisks") or [])
        assert facts.os_type == disk.get("osType", facts.os_type)
        assert facts.os_disk.name == disk.get("name", "")
        assert facts.os_disk.resource_id == at(disk, "managedDisk.id")
        assert facts.os_disk.storage_type == at(disk, "managedDisk.storageAccountType")
        assert facts.os_disk.size_gb == disk.get("diskSizeGB")
        assert facts.os_disk.ephemeral is local
        assert facts.os_disk.ephemeral_placement == at(disk, "diffDiskSettings.placement")
        assert facts.os_disk.delete_option == disk.get("deleteOption", "Delete" if local else "Detach")
        for name in ("publisher", "offer", "sku", "version", "id"):
            if image.get(name):
                assert getattr(facts.image, name) == image[name]
        assert facts.image.exact_version == image.get("exactVersion")


@pytest.mark.parametrize("file", examples(DISKS, "Disk_Get*.json", "Disk_List*.json"))
def test_every_example_of_a_disk_is_one_that_exists(documents: Documents, server: Server, file: Path) -> None:
    for document in answers(file):
        server.answer = Answer(200, document)
        assert disk_exists(f"{DISK_FOLDER}/{document['name']}")
        assert server.arrivals[-1].path.startswith(f"{DISK_FOLDER}/{document['name']}?")


@pytest.mark.parametrize("file", examples(MACHINES, "VirtualMachine_Reimage*.json"))
def test_the_documented_samples_leave_the_portal_as_they_are(documents: Documents, file: Path) -> None:
    text = file.read_text(encoding="utf-8").replace("{your-custom-data}", "I2Nsb3VkLWNvbmZpZwo=")
    wanted = json.loads(text)["parameters"]["parameters"]
    profile = wanted.get("osProfile", {})
    parameters = ReimageParameters(
        temp_disk=wanted.get("tempDisk"),
        exact_version=wanted.get("exactVersion"),
        admin_password=profile.get("adminPassword"),
        custom_data=profile.get("customData"),
    )
    assert request_body(parameters) == wanted
