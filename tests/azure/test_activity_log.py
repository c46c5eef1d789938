"""The Activity Log as evidence: found by our request id, or nothing."""

from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import UUID, uuid4

import pytest

from reimage.azure.activity_log import MAX_PAGES, Trace, find_reimage_call
from reimage.azure.errors import AzureError, AzureIdentityRefused, AzureRefused, AzureUnavailable
from tests.azure.samples import CALL, WEB_02
from tests.azure.server import Answer, Server

POLICY = "Microsoft.Authorization/policies/audit/action"
ACCEPTED = {"value": "Accepted", "localizedValue": "Accepted (HTTP Status Code: 202)"}
CONFLICT = {"value": "Conflict", "localizedValue": "Conflict (HTTP Status Code: 409)"}
TOO_MANY = {"value": "TooManyRequests", "localizedValue": "Too Many Requests (HTTP Status Code: 429)"}
BAD_REQUEST = {"value": "BadRequest", "localizedValue": "Bad Request (HTTP Status Code: 400)"}


def event(status: str, client_request_id: UUID = CALL, **parts: object) -> dict[str, Any]:
    call = {"clientRequestId": str(client_request_id).upper()}
    return {"httpRequest": call, "status": {"value": status}, "subStatus": {"value": ""}, **parts}


def later(status: str, correlation_id: str, **parts: object) -> dict[str, Any]:
    """Of what a call began: Azure tells it without the call."""
    return event(status, **parts) | {"httpRequest": None, "correlationId": correlation_id}


def named(event: dict[str, Any], name: str) -> dict[str, Any]:
    return event | {"operationName": {"value": name}}


def find() -> Trace:
    return find_reimage_call(WEB_02, client_request_id=CALL, since=datetime(2026, 1, 1, tzinfo=UTC))


def ended(sub_status: dict[str, str]) -> dict[str, Any]:
    return event("Failed", subStatus=sub_status)


def ended_as(name: str) -> dict[str, Any]:
    """As Azure tells it where `subStatus` is empty."""
    return event("Failed", subStatus={}, properties={"statusCode": name})


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
        ([event("Started"), ended(CONFLICT)], Trace.REFUSED),
        ([ended(TOO_MANY)], Trace.REFUSED),
        ([ended(BAD_REQUEST)], Trace.FAILED),
        ([event("Accepted"), ended(CONFLICT)], Trace.BEGUN),
        ([event("Started", subStatus=ACCEPTED), ended(CONFLICT)], Trace.BEGUN),
        ([event("Accepted"), ended(CONFLICT), event("Failed")], Trace.FAILED),
        ([event("Accepted"), ended(CONFLICT), event("Canceled")], Trace.FAILED),
        ([event("Started"), ended(CONFLICT), event("Succeeded")], Trace.SUCCEEDED),
        ([ended(TOO_MANY), event("Accepted"), event("Succeeded")], Trace.SUCCEEDED),
        ([named(event("Succeeded"), POLICY)], Trace.ABSENT),
        ([named(event("Succeeded"), "Microsoft.Compute/virtualMachines/reimage/action")], Trace.SUCCEEDED),
        ([event("Started"), ended(CONFLICT), event("Succeeded", uuid4())], Trace.REFUSED),
        ([ended({"value": "", "localizedValue": CONFLICT["localizedValue"]})], Trace.REFUSED),
        ([ended({"value": "Conflict"})], Trace.REFUSED),
        ([ended_as("Conflict")], Trace.REFUSED),
        ([ended_as("TooManyRequests")], Trace.REFUSED),
        ([ended_as("Forbidden")], Trace.FAILED),
        ([event("Started", subStatus={"value": "Accepted"}), ended_as("Conflict")], Trace.BEGUN),
        ([event("Accepted", correlationId="c-1"), later("Succeeded", "c-1")], Trace.SUCCEEDED),
        ([event("Accepted", correlationId="c-1"), later("Failed", "c-1")], Trace.FAILED),
        ([event("Accepted", correlationId="c-1"), later("Succeeded", "c-2")], Trace.BEGUN),
        ([event("Accepted"), later("Succeeded", "None"), later("Succeeded", "")], Trace.BEGUN),
        ([event("Accepted", correlationId="c-1"), event("Succeeded", uuid4(), correlationId="c-1")], Trace.BEGUN),
        ([named(later("Succeeded", "c-1"), POLICY), event("Accepted", correlationId="c-1")], Trace.BEGUN),
        ([event("Resolved")], Trace.ABSENT),
        ([{**event("Started"), "status": None}], Trace.ABSENT),
    ],
)
def test_the_activity_log_is_read_by_our_request_id(server: Server, events: list[dict[str, Any]], trace: Trace) -> None:
    server.answer = Answer(200, {"value": events})
    assert find() is trace
    query = parse_qs(urlsplit(server.arrivals[0].path).query)
    assert query["$filter"] == [f"eventTimestamp ge '2025-12-31T18:00:00+00:00' and resourceUri eq '{WEB_02}'"]


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (Answer(401), AzureIdentityRefused),
        (Answer(403), AzureRefused),
        (Answer(404), AzureUnavailable),
        (Answer(503), AzureUnavailable),
        (Answer(0), AzureUnavailable),
        (Answer(200, ["list"]), AzureUnavailable),
        (Answer(200, {"value": None}), AzureUnavailable),
        (Answer(200, {"value": {}}), AzureUnavailable),
        (Answer(200, {"value": ""}), AzureUnavailable),
        (Answer(200, {"value": ["no event"]}), AzureUnavailable),
    ],
)
def test_a_log_that_cannot_be_read_is_not_an_empty_one(server: Server, answer: Answer, error: type[AzureError]) -> None:
    server.answer = answer
    with pytest.raises(error) as raised:
        find()
    assert type(raised.value) is error


def test_every_page_is_read(server: Server) -> None:
    server.answers = [
        Answer(200, {"value": [event("Started")], "nextLink": f"{server.url}/page-2"}),
        Answer(200, {"value": [event("Succeeded")]}),
    ]
    assert find() is Trace.SUCCEEDED
    assert [arrival.path for arrival in server.arrivals[1:]] == ["/page-2"]


def test_no_token_goes_to_a_foreign_page(server: Server) -> None:
    foreign = server.url.replace("localhost", "127.0.0.1")
    server.answer = Answer(200, {"value": [], "nextLink": f"{foreign}/page-2"})
    with pytest.raises(AzureUnavailable):
        find()
    assert len(server.arrivals) == 1


def test_a_log_without_end_is_left(server: Server) -> None:
    server.answer = Answer(200, {"value": [], "nextLink": f"{server.url}/again"})
    with pytest.raises(AzureUnavailable):
        find()
    assert len(server.arrivals) == MAX_PAGES
