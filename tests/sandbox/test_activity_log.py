"""The Activity Log: the evidence for a lost reply, told late."""

from typing import Any

import pytest

from tests.sandbox.client import Client, vm_path
from tests.sandbox_process import PRODUCTION, SandboxProcess

PATH = f"/subscriptions/{PRODUCTION}/providers/Microsoft.Insights/eventtypes/management/values"
SINCE = "eventTimestamp ge '2024-01-01T00:00:00Z'"


def events(client: Client, more: str = "") -> list[dict[str, Any]]:
    answer = client.get(PATH, version="2015-04-01", params={"$filter": SINCE + more})
    found: list[dict[str, Any]] = answer.json()["value"]
    return found


def test_an_event_comes_late_and_carries_the_client_request_id(operator: Client, sandbox: SandboxProcess) -> None:
    operator.reimage("web-02", headers={"x-ms-client-request-id": "mine-2"})
    sandbox.advance_clock(59)
    assert events(operator) == []
    sandbox.advance_clock(2)
    (event,) = events(operator)
    assert event["httpRequest"]["clientRequestId"] == "mine-2"
    assert event["operationName"]["value"] == "Microsoft.Compute/virtualMachines/reimage/action"
    assert event["status"]["value"] == "Started"
    sandbox.advance_clock(20)
    assert [event["status"]["value"] for event in events(operator)] == ["Succeeded", "Started"]


def test_it_tells_of_a_call_whose_reply_was_lost(operator: Client, sandbox: SandboxProcess) -> None:
    sandbox.faults("accepted_then_status", match={"path_contains": "/reimage"})
    operator.reimage("web-02", headers={"x-ms-client-request-id": "mine-3"})
    sandbox.advance_clock(61)
    assert [event["httpRequest"]["clientRequestId"] for event in events(operator)] == ["mine-3"]


@pytest.mark.parametrize(("status", "told"), [(409, "Conflict"), (429, "Too Many Requests")])
def test_it_tells_of_a_call_that_azure_refused_for_now(
    operator: Client, sandbox: SandboxProcess, status: int, told: str
) -> None:
    sandbox.faults("status", match={"path_contains": "/reimage"}, status=status)
    operator.reimage("web-02", headers={"x-ms-client-request-id": "mine-4"})
    sandbox.advance_clock(59)
    assert events(operator) == []
    sandbox.advance_clock(2)
    (event,) = events(operator, f" and resourceUri eq '{vm_path('web-02')}'")
    assert event["httpRequest"]["clientRequestId"] == "mine-4"
    assert event["status"]["value"] == "Failed"
    assert event["subStatus"] == {
        "value": told.replace(" ", ""),
        "localizedValue": f"{told} (HTTP Status Code: {status})",
    }


def test_it_tells_no_refusal_of_a_call_that_was_accepted(operator: Client, sandbox: SandboxProcess) -> None:
    sandbox.faults("accepted_then_status", match={"path_contains": "/reimage"}, status=429)
    operator.reimage("web-02")
    sandbox.advance_clock(61)
    assert [event["status"]["value"] for event in events(operator)] == ["Started"]


def test_it_tells_nothing_of_a_call_that_made_no_sense(operator: Client, sandbox: SandboxProcess) -> None:
    operator.reimage("web-02", {"tempDisk": True})
    sandbox.advance_clock(61)
    assert events(operator) == []


def test_it_filters_by_machine_and_time(operator: Client, sandbox: SandboxProcess) -> None:
    operator.reimage("web-02")
    operator.set_delete_option("web-03", "Detach")
    sandbox.advance_clock(100)
    found = events(operator, f" and resourceUri eq '{vm_path('web-03')}'")
    assert {event["operationName"]["value"] for event in found} == {"Microsoft.Compute/virtualMachines/write"}
    assert events(operator, " and eventTimestamp le '2024-01-02T00:00:00Z'") == []
    assert len(events(operator, " and resourceGroupName eq 'RG-WEB'")) == 4


@pytest.mark.parametrize("filter_", ["", "resourceUri eq 'x'", f"{SINCE} and caller eq 'x'"])
def test_it_refuses_a_filter_without_a_start_or_with_an_unknown_field(reader: Client, filter_: str) -> None:
    assert reader.get(PATH, version="2015-04-01", params={"$filter": filter_}).status_code == 400
