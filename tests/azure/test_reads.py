"""What reading from Azure gives, and how its failures are told apart."""

import time
from typing import Any

import pytest

from reimage.azure.errors import AzureIdentityRefused, AzureRefused, AzureUnavailable, VirtualMachineNotFound
from reimage.azure.time_limits import until
from reimage.azure.virtual_machines import (
    disk_exists,
    image_versions,
    read_virtual_machine,
)
from tests.azure.samples import DISK, SUBSCRIPTION, WEB_02, machine
from tests.azure.server import Answer, Server


@pytest.mark.asvs("V13.2.5", "V15.3.2")
@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_not_followed(server: Server, status: int) -> None:
    server.answer = Answer(status, headers={"Location": f"{server.url}/elsewhere"})
    with pytest.raises((AzureRefused, AzureUnavailable)):
        read_virtual_machine(WEB_02)
    assert len(server.arrivals) == 1


@pytest.mark.parametrize(
    ("answer", "error", "retry_after"),
    [
        (Answer(400), AzureRefused, None),
        (Answer(401), AzureIdentityRefused, None),
        (Answer(403), AzureRefused, None),
        (Answer(409), AzureRefused, None),
        (Answer(404), VirtualMachineNotFound, None),
        (Answer(408), AzureUnavailable, None),
        (Answer(429, headers={"Retry-After": "1200"}), AzureUnavailable, 1200),
        (Answer(429, headers={"Retry-After": "Wed, 21 Oct 2026 07:28:00 GMT"}), AzureUnavailable, None),
        (Answer(500), AzureUnavailable, None),
        (Answer(502), AzureUnavailable, None),
        (Answer(503, headers={"Retry-After": "30"}), AzureUnavailable, 30),
        (Answer(504), AzureUnavailable, None),
    ],
)
def test_a_failed_read_is_told_apart_and_not_repeated(
    server: Server, answer: Answer, error: type[Exception], retry_after: int | None
) -> None:
    server.answer = answer
    with pytest.raises(error) as raised:
        read_virtual_machine(WEB_02)
    assert type(raised.value) is error
    assert raised.value.status == answer.status
    assert raised.value.retry_after == retry_after
    assert len(server.arrivals) == 1


@pytest.mark.parametrize(("status", "tries"), [(0, 2), (-1, 1)])
def test_a_broken_read_is_tried_once_more_and_a_silent_one_is_not(server: Server, status: int, tries: int) -> None:
    server.answer = Answer(status)
    with pytest.raises(AzureUnavailable):
        read_virtual_machine(WEB_02)
    assert len(server.arrivals) == tries


def test_without_time_left_nothing_leaves(server: Server) -> None:
    over = time.monotonic()
    with until(lambda: over), pytest.raises(AzureUnavailable):
        read_virtual_machine(WEB_02)
    assert server.arrivals == []


@pytest.mark.parametrize(
    "body",
    [
        {},
        [],
        {"id": "nonsense"},
        machine(storageProfile={"osDisk": {"osType": "Plan9"}}),
        machine(storageProfile={"osDisk": {"osType": "Linux", "deleteOption": "Maybe"}}),
        machine(storageProfile={"osDisk": "text"}),
    ],
)
@pytest.mark.asvs("V15.3.5")
def test_a_document_of_another_shape_is_no_answer(server: Server, body: Any) -> None:
    server.answer = Answer(200, body)
    with pytest.raises(AzureUnavailable, match="Unreadable"):
        read_virtual_machine(WEB_02)


def test_an_enumeration_spelled_otherwise_is_understood(server: Server) -> None:
    disk = {
        "osType": "windows",
        "deleteOption": "DELETE",
        "diffDiskSettings": {"option": "local"},
        "managedDisk": {"id": DISK},
    }
    server.answer = Answer(200, machine(storageProfile={"osDisk": disk}))
    facts = read_virtual_machine(WEB_02)
    assert (facts.os_type, facts.os_disk.delete_option, facts.os_disk.ephemeral) == ("Windows", "Delete", True)


@pytest.mark.parametrize(("status", "exists"), [(200, True), (404, False)])
def test_a_disk_is_there_or_not(server: Server, status: int, exists: bool) -> None:
    server.answer = Answer(status, {"location": "japaneast"})
    assert disk_exists(DISK) is exists


def test_a_disk_that_may_not_be_read_is_no_missing_disk(server: Server) -> None:
    server.answer = Answer(403)
    with pytest.raises(AzureRefused):
        disk_exists(DISK)
    with pytest.raises(AzureUnavailable):
        disk_exists("nonsense")


def test_versions_are_sorted_as_numbers(server: Server) -> None:
    server.answer = Answer(200, [{"name": name, "location": "x"} for name in ("1.9.0", "1.10.0", "latest", "2.0")])
    found = image_versions(SUBSCRIPTION, location="japaneast", publisher="p", offer="o", sku="s")
    assert found == ["2.0", "1.10.0", "1.9.0", "latest"]
