"""Scripted faults: each kind, on the wire and in what it leaves behind."""

from typing import Any

import pytest
import requests

from tests.sandbox.client import Client, vm_path
from tests.sandbox_process import SandboxProcess

REIMAGE = {"verb": "POST", "path_contains": "/reimage", "vm": "web-02"}


def accepted_reimages(sandbox: SandboxProcess) -> list[bool]:
    return [entry["accepted"] for entry in sandbox.ledger(action="reimage")]


@pytest.mark.parametrize("status", [409, 429, 500, 502, 503, 504])
def test_a_status_fault_answers_without_effect_and_once(operator: Client, sandbox: SandboxProcess, status: int) -> None:
    sandbox.faults("status", match=REIMAGE, status=status, retry_after=3, code="Scripted")
    answer = operator.reimage("web-02")
    assert answer.status_code == status
    assert answer.headers["Retry-After"] == "3"
    assert answer.json()["error"]["code"] == "Scripted"
    assert accepted_reimages(sandbox) == [False]
    assert operator.reimage("web-02").status_code == 202


def test_a_fault_strikes_as_often_as_it_says(operator: Client, sandbox: SandboxProcess) -> None:
    sandbox.faults("status", match=REIMAGE, status=503, times=2)
    assert [operator.reimage("web-02").status_code for _ in range(3)] == [503, 503, 202]


def test_a_fault_leaves_other_machines_and_verbs_alone(operator: Client, sandbox: SandboxProcess) -> None:
    sandbox.faults("status", match=REIMAGE, status=503)
    assert operator.reimage("web-03").status_code == 202
    assert operator.get(vm_path("web-02")).status_code == 200


def test_accepted_then_lost_takes_effect_and_resets_the_connection(operator: Client, sandbox: SandboxProcess) -> None:
    sandbox.faults("accepted_then_lost", match=REIMAGE)
    with pytest.raises(requests.ConnectionError):
        operator.reimage("web-02")
    (entry,) = sandbox.ledger(action="reimage")
    assert entry["accepted"] is True
    assert entry["status"] is None
    assert sandbox.machine("web-02")["provisioning_state"] == "Updating"


def test_reset_before_resets_the_connection_without_effect(operator: Client, sandbox: SandboxProcess) -> None:
    assert operator.token
    sandbox.faults("reset_before", match=REIMAGE)
    with pytest.raises(requests.ConnectionError):
        operator.reimage("web-02")
    assert accepted_reimages(sandbox) == [False]
    assert sandbox.machine("web-02")["provisioning_state"] == "Succeeded"


@pytest.mark.parametrize("status", [409, 429, 503])
def test_accepted_then_status_takes_effect_and_answers_otherwise(
    operator: Client, sandbox: SandboxProcess, status: int
) -> None:
    sandbox.faults("accepted_then_status", match=REIMAGE, status=status, retry_after=7)
    answer = operator.reimage("web-02")
    assert (answer.status_code, answer.headers["Retry-After"]) == (status, "7")
    assert set(answer.json()["error"]) >= {"code", "message"}
    assert not {"Azure-AsyncOperation", "Location"} & set(answer.headers)
    assert accepted_reimages(sandbox) == [True]
    assert sandbox.machine("web-02")["provisioning_state"] == "Updating"


def test_a_slow_answer_can_outlast_the_clients_patience_and_take_effect(
    operator: Client, sandbox: SandboxProcess
) -> None:
    assert operator.token
    sandbox.faults("slow", match=REIMAGE, seconds=0.3)
    url = f"{sandbox.https_url}{vm_path('web-02')}/reimage?api-version=2024-07-01"
    with pytest.raises(requests.ReadTimeout):
        operator.session.post(url, headers={"Authorization": f"Bearer {operator.token}"}, timeout=0.1)
    sandbox.faults("slow", match={"verb": "GET", "vm": "web-02"}, seconds=0.5)
    assert operator.vm("web-02")["properties"]["provisioningState"] == "Updating"


def test_an_operation_can_fail(operator: Client, sandbox: SandboxProcess) -> None:
    sandbox.faults("operation_failed", match=REIMAGE, code="OSProvisioningTimedOut", message="It took too long.")
    headers = operator.reimage("web-02").headers
    sandbox.advance_clock(20)
    done = operator.get(headers["Azure-AsyncOperation"])
    assert done.status_code == 200
    assert done.json()["status"] == "Failed"
    assert done.json()["error"] == {"code": "OSProvisioningTimedOut", "message": "It took too long."}
    assert operator.get(headers["Location"]).status_code == 409
    assert operator.vm("web-02")["properties"]["provisioningState"] == "Failed"
    assert sandbox.machine("web-02")["released_disks"] == []


def test_an_acceptance_can_lack_its_operation_headers(operator: Client, sandbox: SandboxProcess) -> None:
    sandbox.faults("no_operation_headers", match=REIMAGE)
    answer = operator.reimage("web-02")
    assert answer.status_code == 202
    assert not {"Azure-AsyncOperation", "Location"} & set(answer.headers)


def test_an_acceptance_can_point_to_a_foreign_host(operator: Client, sandbox: SandboxProcess) -> None:
    sandbox.faults("foreign_operation_host", match=REIMAGE)
    headers = operator.reimage("web-02").headers
    assert headers["Azure-AsyncOperation"].startswith("https://management.evil.example/subscriptions/")
    assert headers["Location"].startswith("https://management.evil.example/subscriptions/")


def test_an_operation_can_be_gone_for_good(operator: Client, sandbox: SandboxProcess) -> None:
    sandbox.faults("operation_gone", match=REIMAGE)
    url = operator.reimage("web-02").headers["Azure-AsyncOperation"]
    assert [operator.get(url).status_code for _ in range(2)] == [404, 404]
    sandbox.advance_clock(20)
    assert len(sandbox.machine("web-02")["released_disks"]) == 1


def test_an_operation_can_be_gone_for_one_poll(operator: Client, sandbox: SandboxProcess) -> None:
    url = operator.reimage("web-02").headers["Azure-AsyncOperation"]
    sandbox.faults("operation_gone", match={"path_contains": "/operations/", "vm": "web-02"})
    assert [operator.get(url).status_code for _ in range(2)] == [404, 200]


@pytest.mark.parametrize("path", ["/oauth2/v2.0/token", "/v1.0/groups/"])
def test_faults_strike_sign_in_and_graph_too(operator: Client, sandbox: SandboxProcess, path: str) -> None:
    sandbox.faults("status", match={"path_contains": path}, status=503, times=2)
    answer = operator.ask_for_token(grant_type="client_credentials", scope=f"{sandbox.https_url}/.default")
    assert (answer.status_code == 503) is ("token" in path)
    sandbox.faults("status", match={"path_contains": path}, status=503)
    group = operator.session.get(f"{sandbox.https_url}/v1.0/groups/x", timeout=10)
    assert (group.status_code == 503) is ("groups" in path)


def test_cleared_faults_strike_no_more(operator: Client, sandbox: SandboxProcess) -> None:
    sandbox.faults("status", match=REIMAGE, status=503)
    sandbox.clear()
    assert operator.reimage("web-02").status_code == 202


@pytest.mark.parametrize(
    "script", [{"fault": "earthquake"}, {"fault": "slow", "minutes": 1}, {"fault": "slow", "match": {"verbs": "GET"}}]
)
def test_it_refuses_a_fault_it_does_not_understand(sandbox: SandboxProcess, script: dict[str, Any]) -> None:
    with pytest.raises(requests.HTTPError, match="400"):
        sandbox.control("POST", "faults", script)
