"""The Activity Log as evidence: found by our request id, or nothing."""

from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import UUID, uuid4

import pytest

from reimage.azure.activity_log import Trace, find_reimage_call
from tests.azure.samples import CALL, WEB_02
from tests.azure.server import Answer, Server


def event(status: str, client_request_id: UUID = CALL, *, sub_status: str = "") -> dict[str, Any]:
    call = {"clientRequestId": str(client_request_id).upper()}
    return {"httpRequest": call, "status": {"value": status}, "subStatus": {"value": sub_status}}


def ended(status: int) -> dict[str, Any]:
    return event("Failed", sub_status=f"Some words (HTTP Status Code: {status})")


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
        ([event("Started"), ended(409)], Trace.REFUSED),
        ([ended(429)], Trace.REFUSED),
        ([ended(400)], Trace.FAILED),
        ([event("Accepted"), ended(409)], Trace.FAILED),
        ([event("Started", sub_status="Accepted (HTTP Status Code: 202)"), ended(409)], Trace.FAILED),
        ([event("Started"), ended(409), event("Succeeded", uuid4())], Trace.REFUSED),
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
