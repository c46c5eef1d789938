"""Faults at random: reproducible by seed, whatever the order of arrival; stopped by one call, told by the ledger."""

from typing import Any

import pytest
import requests

from sandbox.fault_register import Faults
from sandbox.random_faults import RandomFaults
from tests.sandbox.client import Client, vm_path
from tests.sandbox_process import SandboxProcess

REIMAGE = {"verb": "POST", "path_contains": "/reimage"}
RATES = {"status:429": 0.1, "accepted_then_lost": 0.2, "slow:2.5": 0.1}
VMS = [f"/vm-{number}" for number in range(20)]


def struck(faults: RandomFaults, vms: list[str], *, times: int = 5) -> list[tuple[str, int, str]]:
    """Which request of which machine was struck by what, when each machine sends `times` requests."""
    found = []
    for count in range(times):
        for vm in vms:
            fault = faults.take("POST", f"{vm}/reimage", vm)
            if fault:
                found.append((vm, count, fault.name))
    return sorted(found)


def test_the_same_seed_strikes_the_same_requests_in_whatever_order_they_arrive() -> None:
    first = struck(RandomFaults(7, RATES), VMS)
    assert first == struck(RandomFaults(7, RATES), VMS[::-1])
    assert first != struck(RandomFaults(8, RATES), VMS)


def test_each_kind_strikes_about_as_often_as_its_rate_says() -> None:
    names = [name for _, _, name in struck(RandomFaults(7, RATES), VMS, times=200)]
    shares = {name: names.count(name) / 4000 for name in set(names)}
    assert shares == pytest.approx({"status:429": 0.1, "accepted_then_lost": 0.2, "slow:2.5": 0.1}, abs=0.02)


def test_two_sets_do_not_disturb_each_other() -> None:
    def strikes_of_the_second(first: dict[str, Any]) -> list[int]:
        faults = Faults()
        faults.add({"random": {**first, "match": {"path_contains": "/reimage"}}})
        faults.add({"random": {"seed": 2, "rates": {"reset_before": 0.3}}})
        drawn = [faults.take("POST", f"{VMS[0]}/reimage", VMS[0]) for _ in range(200)]
        return [n for n, fault in enumerate(drawn) if fault and fault.fault == "reset_before"]

    often = {"seed": 1, "rates": {"status:500": 0.5}}
    seldom = {"seed": 1, "rates": {"status:500": 0.000001}}
    assert set(strikes_of_the_second(often)) < set(strikes_of_the_second(seldom))


def test_what_strikes_is_told_by_the_ledger_with_whether_it_was_accepted(
    operator: Client, sandbox: SandboxProcess
) -> None:
    sandbox.control(
        "POST", "faults", {"random": {"seed": 1, "rates": {"accepted_then_status:502": 1}, "match": REIMAGE}}
    )
    assert operator.reimage("web-02").status_code == 502
    assert operator.get(vm_path("web-02")).status_code == 200
    (entry,) = sandbox.ledger(action="reimage")
    assert (entry["accepted"], entry["fault"]) == (True, "accepted_then_status:502")
    assert [entry["fault"] for entry in sandbox.ledger(method="GET", vm="web-02")] == [None]
    (listed,) = sandbox.control("GET", "faults")
    assert listed["random"]["struck"] == 1


def test_more_is_set_on_each_fault(operator: Client, sandbox: SandboxProcess) -> None:
    script = {"seed": 1, "rates": {"status:429": 1}, "match": REIMAGE, "more": {"retry_after": 2, "code": "TooMany"}}
    sandbox.control("POST", "faults", {"random": script})
    answer = operator.reimage("web-02")
    assert (answer.headers["Retry-After"], answer.json()["error"]["code"]) == ("2", "TooMany")


def test_scripted_faults_come_first_and_clearing_stops_all(operator: Client, sandbox: SandboxProcess) -> None:
    sandbox.control("POST", "faults", {"random": {"seed": 1, "rates": {"status:500": 1}, "match": REIMAGE}})
    sandbox.faults("status", match={**REIMAGE, "vm": "web-02"}, status=409)
    assert [operator.reimage("web-02").status_code for _ in range(2)] == [409, 500]
    sandbox.control("DELETE", "faults")
    assert operator.reimage("web-02").status_code == 202


def test_the_operations_tell_which_call_caused_them_and_how_they_ended(
    operator: Client, sandbox: SandboxProcess
) -> None:
    cause = "5f0f5f6e-0000-4000-8000-000000000001"
    operator.reimage("web-02", headers={"x-ms-client-request-id": cause})
    (running,) = sandbox.control("GET", "operations", vm="web-02")
    assert (running["status"], running["ended_at"], running["cause"]["client_request_id"]) == (
        "InProgress",
        None,
        cause,
    )
    sandbox.advance_clock(20)
    (ended,) = sandbox.control("GET", "operations", vm="web-02")
    assert (ended["status"], ended["ended_at"]) == ("Succeeded", ended["due_at"])


@pytest.mark.parametrize(
    "script",
    [
        {"seed": 1},
        {"seed": 1, "rates": {}},
        {"seed": 1, "rates": {"slow": 0.7, "reset_before": 0.7}},
        {"seed": 1, "rates": {"slow": 1.2, "reset_before": -0.7}},
        {"seed": 1, "rates": {"earthquake": 0.1}},
        {"seed": 1, "rates": {"reset_before:3": 0.1}},
        {"seed": 1, "rates": {"status:often": 0.1}},
        {"seed": 1, "rates": {"slow": 0.1}, "match": {"verbs": "GET"}},
        {"seed": 1, "rates": {"slow": 0.1}, "more": {"minutes": 1}},
    ],
)
def test_it_refuses_random_faults_it_does_not_understand(sandbox: SandboxProcess, script: dict[str, Any]) -> None:
    with pytest.raises(requests.HTTPError, match="400"):
        sandbox.control("POST", "faults", {"random": script})
