"""After Azure said Succeeded: differences from the plan are waited out for a while, then reported."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from portal.identity.models import User
from reimage.domain.operation_states import OperationState
from reimage.domain.parameters import ReimageParameters
from reimage.domain.request_states import RequestState
from reimage.domain.resource_ids import VirtualMachineId
from reimage.domain.virtual_machine import VirtualMachineFacts
from reimage.models import ReimageOperation
from reimage.services import verification
from tests.sandbox_process import SandboxProcess
from tests.stories import advance, advance_to, age, approved

SETTLED = timedelta(minutes=6)
NOTHING = ReimageParameters()


def verifying(
    sandbox: SandboxProcess, alice: User, bob: User, machine: str, parameters: ReimageParameters = NOTHING
) -> ReimageOperation:
    operation = approved(alice, bob, machine, parameters=parameters).operations.get()
    advance_to(operation, OperationState.IN_PROGRESS)
    sandbox.advance_clock(100)
    return advance_to(operation, OperationState.VERIFYING)


def assert_problem(operation: ReimageOperation, code: str) -> None:
    """It waits first, for what may still settle; then the difference is reported and nothing is hidden."""
    assert advance(operation).state == OperationState.VERIFYING
    assert operation.note["code"] == "settling"
    age(operation, SETTLED)
    assert advance(operation).state == OperationState.SUCCEEDED
    assert [finding["code"] for finding in operation.findings] == [code]
    operation.reimage_request.refresh_from_db()
    assert operation.reimage_request.state == RequestState.COMPLETED_WITH_PROBLEMS


@pytest.mark.parametrize("machine", ["web-01", "web-02", "web-03", "web-04"])
def test_a_machine_as_the_plan_promised_is_done(azure: SandboxProcess, alice: User, bob: User, machine: str) -> None:
    operation = advance(verifying(azure, alice, bob, machine))
    assert (operation.state, operation.findings) == (OperationState.SUCCEEDED, [])
    operation.reimage_request.refresh_from_db()
    assert operation.reimage_request.state == RequestState.COMPLETED


def test_things_may_settle_also_where_the_answer_was_lost(azure: SandboxProcess, alice: User, bob: User) -> None:
    """A slow reimage: the machine was busy until the look that settled the answer, and has not started yet."""
    azure.faults("accepted_then_lost", match={"verb": "POST", "path_contains": "/reimage"})
    operation = advance_to(approved(alice, bob, "web-02").operations.get(), OperationState.OUTCOME_UNKNOWN)
    age(operation, SETTLED)
    azure.advance_clock(61)
    azure.drift("web-02", power_state="stopped")
    assert_problem(advance_to(operation, OperationState.VERIFYING), "not_running_after")


def test_a_version_that_was_not_applied_is_reported(azure: SandboxProcess, alice: User, bob: User) -> None:
    operation = verifying(azure, alice, bob, "web-02", ReimageParameters(exact_version="0.1"))
    assert_problem(operation, "image_version_not_applied")


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"power_state": "stopped"}, "not_running_after"),
        ({"provisioning_state": "Failed"}, "not_provisioned_after"),
        ({"recreate": True}, "another_virtual_machine"),
    ],
)
def test_a_machine_that_is_not_well_is_reported(
    azure: SandboxProcess, alice: User, bob: User, change: dict[str, Any], code: str
) -> None:
    operation = verifying(azure, alice, bob, "web-02")
    azure.drift("web-02", **change)
    assert_problem(operation, code)


def test_what_settles_in_time_is_no_problem(azure: SandboxProcess, alice: User, bob: User) -> None:
    operation = verifying(azure, alice, bob, "web-02")
    azure.drift("web-02", power_state="stopped")
    assert advance(operation).state == OperationState.VERIFYING
    azure.drift("web-02", power_state="running")
    assert advance(operation).state == OperationState.SUCCEEDED
    assert operation.findings == []


def test_an_old_disk_that_should_be_there_but_is_gone_is_reported(
    azure: SandboxProcess, alice: User, bob: User
) -> None:
    operation = verifying(azure, alice, bob, "web-02")
    for _ in range(2):
        azure.faults("status", match={"path_contains": "/disks/"}, status=404)
    assert_problem(operation, "old_os_disk_gone")


def test_an_old_disk_that_should_be_gone_is_reported(
    azure: SandboxProcess, alice: User, bob: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    operation = verifying(azure, alice, bob, "web-03")
    monkeypatch.setattr(verification, "disk_exists", lambda _: True)
    assert_problem(operation, "old_os_disk_still_there")


def test_a_disk_that_azure_does_not_show_is_reported(
    azure: SandboxProcess, alice: User, bob: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    operation, read = verifying(azure, alice, bob, "web-02"), verification.read_virtual_machine

    def without_disk(vm_id: VirtualMachineId) -> VirtualMachineFacts:
        facts = read(vm_id)
        return replace(facts, os_disk=replace(facts.os_disk, resource_id=None))

    monkeypatch.setattr(verification, "read_virtual_machine", without_disk)
    assert_problem(operation, "os_disk_not_shown")


def test_a_disk_that_was_not_replaced_is_reported(azure: SandboxProcess, alice: User, bob: User) -> None:
    operation = verifying(azure, alice, bob, "web-02")
    operation.plan["os_disk_id"] = azure.machine("web-02")["os_disk_id"].upper()
    operation.save()
    assert_problem(operation, "os_disk_not_replaced")


def test_a_machine_that_is_gone_afterwards_is_reported_at_once(azure: SandboxProcess, alice: User, bob: User) -> None:
    operation = verifying(azure, alice, bob, "web-02")
    azure.drift("web-02", delete=True)
    assert advance(operation).state == OperationState.SUCCEEDED
    assert [finding["code"] for finding in operation.findings] == ["virtual_machine_gone"]


def test_it_waits_for_azure_but_not_for_ever(azure: SandboxProcess, alice: User, bob: User) -> None:
    operation = verifying(azure, alice, bob, "web-02")
    azure.faults("status", match={"path_contains": "/disks/"}, status=403, code="AuthorizationFailed", times=2)
    assert advance(operation).state == OperationState.VERIFYING
    assert operation.note["code"] == "azure_forbids"
    age(operation, timedelta(hours=2, minutes=1))
    assert advance(operation).state == OperationState.SUCCEEDED
    assert operation.findings == [
        {"code": "not_verified", "params": {"status": 403, "azure_code": "AuthorizationFailed"}}
    ]


def test_the_approval_may_run_out_while_azure_is_at_work(azure: SandboxProcess, alice: User, bob: User) -> None:
    operation = verifying(azure, alice, bob, "web-02")
    operation.reimage_request.expires_at -= timedelta(days=4)
    operation.reimage_request.save()
    assert advance(operation).state == OperationState.SUCCEEDED
