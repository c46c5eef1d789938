"""Following an operation: one look at a trusted address, judged by its body."""

from typing import Any

import pytest

from reimage.azure.calls import is_trusted_address
from reimage.azure.operations import PollStatus, json_object, poll_operation
from tests.azure.samples import SUBSCRIPTION
from tests.azure.server import Answer, Server


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


def test_an_answer_that_is_too_deep_to_be_read_says_nothing() -> None:
    assert json_object("[" * 100_000) == json_object("[") == {}


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
@pytest.mark.asvs("V1.3.6", "V13.2.4", "V13.2.5")
def test_a_token_goes_to_no_other_host(server: Server, settings: Any, url: str) -> None:
    settings.AZURE_RESOURCE_MANAGER = "https://management.azure.com"
    assert not is_trusted_address(url)
    assert poll_operation(SUBSCRIPTION, url).status is PollStatus.UNTRUSTED
    assert server.arrivals == []


@pytest.mark.parametrize("host", ["management.azure.com", "MANAGEMENT.azure.com", "management.azure.com:443"])
def test_the_same_host_is_trusted_however_it_is_spelled(settings: Any, host: str) -> None:
    settings.AZURE_RESOURCE_MANAGER = "https://management.azure.com"
    assert is_trusted_address(f"https://{host}/operations/1?p=x")
