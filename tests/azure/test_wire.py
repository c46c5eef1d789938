"""What the portal puts on the wire: versions, bodies, headers, and whom it trusts."""

import json
import logging
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import UUID, uuid4

import pytest

from reimage.azure.activity_log import Trace, find_reimage_call
from reimage.azure.calls import Accepted, is_trusted_address
from reimage.azure.errors import AzureRefused, AzureUnavailable, VirtualMachineNotFound
from reimage.azure.operations import PollStatus, poll_operation
from reimage.azure.virtual_machines import (
    change_delete_option,
    disk_exists,
    image_versions,
    read_virtual_machine,
    submit_reimage,
)
from reimage.domain.parameters import ReimageParameters, request_body
from reimage.domain.resource_ids import VirtualMachineId
from reimage.domain.virtual_machine import DeleteOption
from tests.azure.server import Answer, Server

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


def test_the_first_documented_sample_leaves_as_documented(server: Server) -> None:
    submit_reimage(WEB_02, request_body(ReimageParameters(temp_disk=True)), client_request_id=CALL)
    (post,) = server.arrivals
    assert json.loads(post.body) == {"tempDisk": True}
    assert post.headers["Content-Type"] == "application/json"
    assert urlsplit(post.path).path == f"{WEB_02}/reimage"


def test_the_second_documented_sample_leaves_as_documented(server: Server) -> None:
    submit_reimage(WEB_02, request_body(FULL), client_request_id=CALL)
    assert json.loads(server.arrivals[0].body) == {
        "tempDisk": True,
        "exactVersion": "aaaaaa",
        "osProfile": {"adminPassword": PASSWORD, "customData": "I2Nsb3VkLWNvbmZpZwo="},
    }


@pytest.mark.parametrize("body", [None, {}])
def test_empty_parameters_leave_no_body(server: Server, body: dict[str, object] | None) -> None:
    submit_reimage(WEB_02, body, client_request_id=CALL)
    (post,) = server.arrivals
    assert post.body == b""
    assert "text/plain" not in post.headers.get("Content-Type", "")


def test_every_call_names_its_version(server: Server) -> None:
    server.answer = Answer(200, machine())
    read_virtual_machine(WEB_02)
    assert version_of(server) == "2024-07-01"
    change_delete_option(WEB_02, DeleteOption.DETACH, client_request_id=CALL)
    assert version_of(server) == "2024-07-01"
    server.answer = Answer(202)
    submit_reimage(WEB_02, None, client_request_id=CALL)
    assert version_of(server) == "2024-07-01"
    server.answer = Answer(200, [])
    image_versions(SUBSCRIPTION, location="japaneast", publisher="p", offer="o", sku="s")
    assert version_of(server) == "2024-07-01"
    server.answer = Answer(200, {"location": "japaneast"})
    disk_exists(DISK)
    assert version_of(server) == "2024-03-02"


def test_the_calls_carry_our_request_id_and_the_token(server: Server) -> None:
    server.answer = Answer(202)
    submit_reimage(WEB_02, None, client_request_id=CALL)
    (post,) = server.arrivals
    assert post.headers["x-ms-client-request-id"] == str(CALL)
    assert post.headers["Authorization"] == "Bearer token-of-the-portal"


def test_an_authority_in_the_environment_does_not_replace_ours(
    server: Server, monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    (tmp_path / "other.pem").write_text("", encoding="utf-8")
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "other.pem"))
    monkeypatch.setenv("CURL_CA_BUNDLE", str(tmp_path / "other.pem"))
    server.answer = Answer(202)
    assert isinstance(submit_reimage(WEB_02, None, client_request_id=CALL), Accepted)


def test_with_an_authority_of_our_own_no_proxy_of_the_environment_is_used(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:1")
    server.answer = Answer(202)
    assert isinstance(submit_reimage(WEB_02, None, client_request_id=CALL), Accepted)


def test_a_body_is_never_logged(server: Server, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    for status in (202, 400, 500):
        server.answer = Answer(status, {"error": {"code": "BadRequest", "message": "No."}} if status != 202 else None)
        submit_reimage(WEB_02, request_body(FULL), client_request_id=uuid4())
    assert len(server.arrivals) == 3
    assert PASSWORD not in caplog.text
    assert "I2Nsb3VkLWNvbmZpZwo" not in caplog.text
    assert "token-of-the-portal" not in caplog.text
    assert not [record for record in caplog.records if record.name.startswith("azure.core")]


def test_an_answer_that_echoes_the_body_is_cut_to_its_words(server: Server) -> None:
    server.answer = Answer(500, {"error": {"code": "InternalError", "message": f"osProfile {PASSWORD}"}})
    assert PASSWORD not in repr(submit_reimage(WEB_02, request_body(FULL), client_request_id=CALL))


@pytest.mark.parametrize(
    ("answer", "error", "retry_after"),
    [
        (Answer(400), AzureRefused, None),
        (Answer(401), AzureRefused, None),
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
    assert raised.value.status == answer.status  # type: ignore[attr-defined]
    assert raised.value.retry_after == retry_after  # type: ignore[attr-defined]
    assert len(server.arrivals) == 1


@pytest.mark.parametrize("status", [0, -1])
def test_a_broken_read_is_tried_once_more(server: Server, status: int) -> None:
    server.answer = Answer(status)
    with pytest.raises(AzureUnavailable):
        read_virtual_machine(WEB_02)
    assert len(server.arrivals) == 2


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


def test_a_cloud_error_is_read_with_what_is_inside_it(server: Server) -> None:
    server.answer = Answer(
        409,
        {
            "error": {
                "code": "OperationNotAllowed",
                "message": "Outer.",
                "details": [
                    {"code": "TooManyRequests", "message": "Inner."},
                    {"code": "OperationNotAllowed", "message": "Again."},
                ],
                "innererror": {"exceptiontype": "System.Exception", "errordetail": "Deep."},
            }
        },
    )
    outcome = submit_reimage(WEB_02, None, client_request_id=CALL)
    assert not isinstance(outcome, Accepted)
    assert outcome.message == "Outer. TooManyRequests: Inner. System.Exception Deep."  # type: ignore[union-attr]


def test_azures_words_are_cut(server: Server) -> None:
    server.answer = Answer(400, {"error": {"code": "BadRequest", "message": "x" * 5_000}})
    outcome = submit_reimage(WEB_02, None, client_request_id=CALL)
    assert len(outcome.message) == 1_000  # type: ignore[union-attr]


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


@pytest.mark.parametrize(
    ("answer", "status"),
    [
        (Answer(200, {"status": "InProgress"}), PollStatus.IN_PROGRESS),
        (Answer(200, {"status": "Creating"}), PollStatus.IN_PROGRESS),
        (Answer(200, {"status": "Gone"}), PollStatus.IN_PROGRESS),
        (Answer(200, {"status": "succeeded"}), PollStatus.SUCCEEDED),
        (Answer(200, {"status": "Failed", "error": {"code": "C", "message": "m"}}), PollStatus.FAILED),
        (Answer(200, {"status": "Failed", "error": "text"}), PollStatus.FAILED),
        (Answer(200, {"status": "Canceled"}), PollStatus.CANCELED),
        (Answer(200, {}), PollStatus.NO_ANSWER),
        (Answer(200, ["list"]), PollStatus.NO_ANSWER),
        (Answer(200), PollStatus.NO_ANSWER),
        (Answer(202), PollStatus.NO_ANSWER),
        (Answer(307, headers={"Location": "https://localhost/elsewhere"}), PollStatus.NO_ANSWER),
        (Answer(404), PollStatus.GONE),
        (Answer(429, headers={"Retry-After": "1200"}), PollStatus.NO_ANSWER),
        (Answer(503), PollStatus.NO_ANSWER),
    ],
)
def test_an_operation_is_looked_at_once_and_judged_by_its_body(
    server: Server, answer: Answer, status: PollStatus
) -> None:
    server.answer = answer
    assert poll_operation(SUBSCRIPTION, f"{server.url}/operations/1?p=x").status is status
    assert [arrival.path for arrival in server.arrivals] == ["/operations/1?p=x"]


def test_a_poll_that_breaks_off_is_no_answer(server: Server) -> None:
    server.answer = Answer(0)
    assert poll_operation(SUBSCRIPTION, f"{server.url}/operations/1").status is PollStatus.NO_ANSWER


@pytest.mark.parametrize(
    "url",
    [
        "",
        "/operations/1",
        "http://management.azure.com/operations/1",
        "https://management.azure.com.evil.example/operations/1",
        "https://management.azure.com@evil.example/operations/1",
        "https://evil.example\\@management.azure.com/operations/1",
        "https://management.azure.com:8443/operations/1",
        "https://management.azure.com:nonsense/operations/1",
        "https://[broken/operations/1",
        "ftp://management.azure.com/operations/1",
    ],
)
def test_a_token_goes_to_no_other_host(server: Server, settings: Any, url: str) -> None:
    settings.AZURE_RESOURCE_MANAGER = "https://management.azure.com"
    assert not is_trusted_address(url)
    assert poll_operation(SUBSCRIPTION, url).status is PollStatus.UNTRUSTED
    assert server.arrivals == []


@pytest.mark.parametrize("host", ["management.azure.com", "MANAGEMENT.azure.com", "management.azure.com:443"])
def test_the_same_host_is_trusted_however_it_is_spelled(settings: Any, host: str) -> None:
    settings.AZURE_RESOURCE_MANAGER = "https://management.azure.com"
    assert is_trusted_address(f"https://{host}/operations/1?p=x")


def event(status: str, client_request_id: UUID = CALL) -> dict[str, Any]:
    return {"httpRequest": {"clientRequestId": str(client_request_id).upper()}, "status": {"value": status}}


@pytest.mark.parametrize(
    ("events", "trace"),
    [
        ([], Trace.ABSENT),
        ([event("Succeeded", uuid4())], Trace.ABSENT),
        ([{"httpRequest": None}, {}, {"httpRequest": {}}], Trace.ABSENT),
        ([event("Started")], Trace.BEGUN),
        ([event("Accepted"), event("Started")], Trace.BEGUN),
        ([event("Started"), event("Succeeded")], Trace.SUCCEEDED),
        ([event("Started"), event("Failed")], Trace.FAILED),
        ([event("Started"), event("Canceled")], Trace.FAILED),
        ([event("Resolved")], Trace.ABSENT),
        ([{**event("Started"), "status": None}], Trace.ABSENT),
    ],
)
def test_the_activity_log_is_read_by_our_request_id(server: Server, events: list[dict[str, Any]], trace: Trace) -> None:
    server.answer = Answer(200, {"value": events})
    assert find_reimage_call(WEB_02, client_request_id=CALL, since=datetime(2026, 1, 1, tzinfo=UTC)) is trace
    query = parse_qs(urlsplit(server.arrivals[0].path).query)
    assert query["$filter"] == [f"eventTimestamp ge '2026-01-01T00:00:00+00:00' and resourceUri eq '{WEB_02}'"]


@pytest.mark.parametrize("answer", [Answer(403), Answer(0), Answer(200, ["list"]), Answer(200, {"value": None})])
def test_a_log_that_cannot_be_read_tells_nothing(server: Server, answer: Answer) -> None:
    server.answer = answer
    assert find_reimage_call(WEB_02, client_request_id=CALL, since=datetime(2026, 1, 1, tzinfo=UTC)) is Trace.ABSENT
