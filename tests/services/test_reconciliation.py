"""A lost answer is settled by evidence, or by a person; never by a guess, and never by a second POST."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from portal.identity.models import User
from reimage import execution_selectors
from reimage.azure.activity_log import Trace
from reimage.domain.operation_states import OperationState
from reimage.domain.request_states import RequestState
from reimage.domain.resource_ids import VirtualMachineId
from reimage.domain.virtual_machine import VirtualMachineFacts
from reimage.models import Notice, ReimageOperation
from reimage.services import alarms, reconciliation
from reimage.services.clock import database_now
from tests.sandbox_process import SandboxProcess
from tests.stories import advance, advance_to, age, approved, posts, run

POST = {"verb": "POST", "path_contains": "/reimage"}
LOG = {"path_contains": "eventtypes"}


def lost(sandbox: SandboxProcess, alice: User, bob: User, machine: str, fault: str) -> ReimageOperation:
    """An operation whose POST met the fault, and whose outcome is unknown."""
    sandbox.faults(fault, match=POST)
    return advance_to(approved(alice, bob, machine).operations.get(), OperationState.OUTCOME_UNKNOWN)


def assert_waits(operation: ReimageOperation, code: str) -> None:
    assert (operation.state, operation.note["code"]) == (OperationState.OUTCOME_UNKNOWN, code)


def assert_needs_attention(operation: ReimageOperation, code: str) -> None:
    assert (operation.state, operation.note["code"]) == (OperationState.NEEDS_ATTENTION, code)
    assert operation.next_at is None
    assert Notice.objects.filter(kind="needs_attention").count() == 1


def test_it_waits_while_the_machine_is_updating(azure: SandboxProcess, alice: User, bob: User) -> None:
    operation = lost(azure, alice, bob, "web-02", "accepted_then_lost")
    assert_waits(advance(operation), "virtual_machine_busy")


def test_a_new_os_disk_shows_that_it_took_place(azure: SandboxProcess, alice: User, bob: User) -> None:
    operation = lost(azure, alice, bob, "web-02", "accepted_then_lost")
    azure.advance_clock(61)
    operation = advance(operation)
    assert (operation.state, operation.note["code"]) == (OperationState.VERIFYING, "os_disk_was_replaced")
    assert run(operation.reimage_request, azure).state == RequestState.COMPLETED
    assert len(posts(azure)) == 1


def test_an_id_spelled_otherwise_is_no_new_os_disk(azure: SandboxProcess, alice: User, bob: User) -> None:
    operation = lost(azure, alice, bob, "web-02", "reset_before")
    operation.evidence["os_disk_id"] = operation.evidence["os_disk_id"].upper()
    operation.save()
    assert_waits(advance(operation), "waiting_for_evidence")


def test_the_activity_log_settles_an_ephemeral_machine(azure: SandboxProcess, alice: User, bob: User) -> None:
    operation = lost(azure, alice, bob, "web-01", "accepted_then_lost")
    azure.advance_clock(61)
    assert_waits(advance(operation), "waiting_for_evidence")
    azure.advance_clock(121)
    operation = advance(operation)
    assert (operation.state, operation.note["code"]) == (OperationState.VERIFYING, "activity_log_succeeded")
    assert run(operation.reimage_request, azure).state == RequestState.COMPLETED
    assert len(posts(azure)) == 1


@pytest.mark.parametrize("machine", ["web-01", "web-02"])
def test_a_failure_in_the_activity_log_is_a_failure(
    azure: SandboxProcess, alice: User, bob: User, machine: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    operation = lost(azure, alice, bob, machine, "reset_before")
    monkeypatch.setattr(reconciliation, "find_reimage_call", lambda *_, **__: Trace.FAILED)
    operation = advance(operation)
    assert (operation.state, operation.note["code"]) == (OperationState.FAILED, "activity_log_failed")


def test_an_answer_without_the_disk_is_no_new_disk(
    azure: SandboxProcess, alice: User, bob: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    operation, read = lost(azure, alice, bob, "web-02", "reset_before"), reconciliation.read_virtual_machine

    def without_disk(vm_id: VirtualMachineId) -> VirtualMachineFacts:
        facts = read(vm_id)
        return replace(facts, os_disk=replace(facts.os_disk, resource_id=None))

    monkeypatch.setattr(reconciliation, "read_virtual_machine", without_disk)
    assert_waits(advance(operation), "waiting_for_evidence")


def test_a_disk_that_changes_late_in_the_quarantine_still_counts(azure: SandboxProcess, alice: User, bob: User) -> None:
    operation = lost(azure, alice, bob, "web-02", "reset_before")
    age(operation, timedelta(minutes=19))
    assert_waits(advance(operation), "waiting_for_evidence")
    azure.drift("web-02", replace_os_disk=True)
    operation = advance(operation)
    assert (operation.state, operation.note["code"]) == (OperationState.VERIFYING, "os_disk_was_replaced")


def test_an_acceptance_whose_end_nobody_tells_needs_a_person(
    azure: SandboxProcess, alice: User, bob: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    operation = lost(azure, alice, bob, "web-01", "reset_before")
    monkeypatch.setattr(reconciliation, "find_reimage_call", lambda *_, **__: Trace.BEGUN)
    assert_waits(advance(operation), "waiting_for_evidence")
    age(operation, timedelta(minutes=21))
    assert_needs_attention(advance(operation), "accepted_without_end")


@pytest.mark.parametrize("fault", [{"fault": "status", "status": 503}, {"fault": "reset_before", "times": 2}])
def test_a_log_that_cannot_be_read_is_no_log_without_evidence(
    azure: SandboxProcess, alice: User, bob: User, fault: dict[str, Any]
) -> None:
    operation = lost(azure, alice, bob, "web-01", "accepted_then_lost")
    azure.advance_clock(200)
    age(operation, timedelta(minutes=21))
    azure.faults(fault.pop("fault"), match=LOG, **fault)
    assert_waits(advance(operation), "azure_unavailable")
    assert advance(operation).state == OperationState.VERIFYING


@pytest.mark.parametrize(("status", "code"), [(401, "identity_refused"), (403, "azure_forbids")])
def test_a_log_that_the_portal_may_not_read_is_an_alarm(
    azure: SandboxProcess, alice: User, bob: User, status: int, code: str
) -> None:
    operation = lost(azure, alice, bob, "web-01", "accepted_then_lost")
    azure.advance_clock(200)
    azure.faults("status", match=LOG, status=status, times=2)
    assert_waits(advance(operation), code)
    alarms.watch_execution(now=database_now())
    assert [alarm.kind for alarm in execution_selectors.alarms()] == ["azure_refuses"]


def test_a_portal_that_slept_asks_azure_before_it_asks_a_person(azure: SandboxProcess, alice: User, bob: User) -> None:
    operation = lost(azure, alice, bob, "web-02", "accepted_then_lost")
    azure.advance_clock(100)
    age(operation, timedelta(hours=3))
    azure.faults("status", match={"verb": "GET", "vm": "web-02"}, status=503)
    assert_waits(advance(operation), "azure_unavailable")
    assert advance(operation).state == OperationState.VERIFYING


def test_an_answer_in_between_renews_the_patience(azure: SandboxProcess, alice: User, bob: User) -> None:
    operation = lost(azure, alice, bob, "web-01", "reset_before")
    azure.faults("status", match={"verb": "GET", "vm": "web-01"}, status=503)
    assert_waits(advance(operation), "azure_unavailable")
    assert_waits(advance(operation), "waiting_for_evidence")
    age(operation, timedelta(hours=3))
    azure.faults("status", match={"verb": "GET", "vm": "web-01"}, status=503)
    assert_waits(advance(operation), "azure_unavailable")


@pytest.mark.parametrize(
    ("change", "code"),
    [({"recreate": True}, "another_virtual_machine"), ({"delete": True}, "virtual_machine_gone")],
)
def test_a_machine_that_is_not_there_any_more_needs_a_person(
    azure: SandboxProcess, alice: User, bob: User, change: dict[str, Any], code: str
) -> None:
    operation = lost(azure, alice, bob, "web-02", "reset_before")
    azure.drift("web-02", **change)
    assert_needs_attention(advance(operation), code)


def test_a_machine_that_cannot_be_read_is_waited_for_and_then_needs_a_person(
    azure: SandboxProcess, alice: User, bob: User
) -> None:
    operation = lost(azure, alice, bob, "web-02", "reset_before")
    azure.faults("status", match={"verb": "GET", "vm": "web-02"}, status=403, times=2)
    assert_waits(advance(operation), "azure_forbids")
    age(operation, timedelta(hours=2))
    assert_needs_attention(advance(operation), "no_answer_for_long")


def test_a_machine_that_stays_busy_needs_a_person_in_the_end(azure: SandboxProcess, alice: User, bob: User) -> None:
    operation = lost(azure, alice, bob, "web-02", "reset_before")
    azure.drift("web-02", provisioning_state="Updating")
    age(operation, timedelta(hours=2, minutes=1))
    assert_needs_attention(advance(operation), "takes_too_long")


def test_without_an_id_of_its_own_the_call_cannot_be_found_in_the_log(
    azure: SandboxProcess, alice: User, bob: User
) -> None:
    operation = lost(azure, alice, bob, "web-01", "accepted_then_lost")
    azure.advance_clock(200)
    ReimageOperation.objects.filter(pk=operation.pk).update(client_request_id=None)
    assert_waits(advance(operation), "waiting_for_evidence")
