"""What was weighed stands in the log beside what was concluded from it, and what an administrator then decided."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone

from portal.audit.disclosure import disclosed_body
from portal.audit.labels import label_of
from portal.audit.models import AuditEvent
from portal.identity.models import User
from reimage.azure.activity_log import Trace
from reimage.domain.operation_states import OperationState
from reimage.domain.resource_ids import VirtualMachineId
from reimage.domain.virtual_machine import VirtualMachineFacts
from reimage.models import ReimageOperation
from reimage.services import reconciliation
from reimage.services.attention import settle_operation
from reimage.services.clock import database_now
from tests.sandbox_process import SandboxProcess
from tests.services.test_reconciliation import LOG, lost
from tests.stories import advance, advance_to, age, approved, bear_out

RECONCILED, ESCALATED = "reimage_operation.reconciled", "reimage_operation.escalated"


def recorded(action: str) -> dict[str, Any]:
    """The evidence in the one event of this kind; each of its keys has a name in front of people."""
    detail = disclosed_body(AuditEvent.objects.with_texts().get(action=action))["detail"]
    assert {key for key in ("evidence", *detail["evidence"]) if label_of(key) == key} == set()
    return detail["evidence"]


def assert_looked_now(evidence: dict[str, Any]) -> None:
    """By the database's clock."""
    assert timedelta(0) <= database_now() - datetime.fromisoformat(evidence["looked_at"]) < timedelta(minutes=1)


def test_a_replaced_disk_is_recorded_beside_the_one_before(azure: SandboxProcess, alice: User, bob: User) -> None:
    operation = lost(azure, alice, bob, "web-02", "accepted_then_lost")
    azure.advance_clock(61)
    before = operation.evidence["os_disk_id"]
    assert advance(operation).state == OperationState.VERIFYING
    evidence = recorded(RECONCILED)
    assert evidence["os_disk_id_before"] == before
    assert "/disks/" in evidence["os_disk_id_seen"] != before
    assert (evidence["activity_log"], evidence["provisioning_state"]) == (None, "Succeeded")
    assert_looked_now(evidence)


def test_what_the_activity_log_said_is_recorded(
    azure: SandboxProcess, alice: User, bob: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    operation = lost(azure, alice, bob, "web-01", "reset_before")
    monkeypatch.setattr(reconciliation, "find_reimage_call", lambda *_, **__: Trace.FAILED)
    assert advance(operation).state == OperationState.FAILED
    evidence = recorded(RECONCILED)
    assert (evidence["activity_log"], evidence["is_ephemeral"]) == ("failed", True)
    assert evidence["os_disk_id_seen"] == evidence["os_disk_id_before"]


def test_a_refusal_is_borne_out_by_what_is_recorded(azure: SandboxProcess, alice: User, bob: User) -> None:
    operation = approved(alice, bob, "web-02").operations.get()
    azure.faults("status", match={"verb": "POST", "vm": "web-02"}, status=409, code="Conflict", times=1)
    bear_out(advance(operation), azure)
    evidence = recorded(RECONCILED)
    assert evidence["activity_log"] == "refused"
    assert evidence["os_disk_id_seen"] == evidence["os_disk_id_before"] == operation.evidence["os_disk_id"]
    assert evidence["provisioning_state"] == evidence["provisioning_state_before"] == "Succeeded"


def unsettled(azure: SandboxProcess, alice: User, bob: User) -> ReimageOperation:
    """Without evidence, and the quarantine is over."""
    operation = lost(azure, alice, bob, "web-02", "reset_before")
    age(operation, timedelta(minutes=21))
    return advance_to(operation, OperationState.NEEDS_ATTENTION)


def test_looking_in_vain_is_recorded_with_the_time_of_quiet(azure: SandboxProcess, alice: User, bob: User) -> None:
    unsettled(azure, alice, bob)
    evidence = recorded(ESCALATED)
    assert (evidence["activity_log"], evidence["accepted_at"]) == ("absent", None)
    assert 20 * 60 < evidence["quiet_seconds"] < 22 * 60
    assert_looked_now(evidence)


def test_the_administrators_word_keeps_what_the_portal_knew(
    azure: SandboxProcess, alice: User, bob: User, dan: User
) -> None:
    operation = unsettled(azure, alice, bob)
    azure.clear()
    settle_operation(
        administrator=dan,
        operation_id=operation.pk,
        executed=False,
        comment="I looked.",
        confirmation="web-02",
        now=timezone.now(),
    )
    assert recorded("reimage_operation.settled") == recorded(ESCALATED)
    assert azure.ledger() == []


def test_a_case_that_came_without_a_look_is_settled_all_the_same(
    azure: SandboxProcess, alice: User, bob: User, dan: User
) -> None:
    """Azure's answer named a foreign host, or an older version asked: the row tells what it has."""
    operation = approved(alice, bob, "web-02").operations.get()
    azure.faults("foreign_operation_host", match={"verb": "POST", "vm": "web-02"})
    advance_to(operation, OperationState.NEEDS_ATTENTION)
    settle_operation(
        administrator=dan,
        operation_id=operation.pk,
        executed=True,
        comment="I looked.",
        confirmation="web-02",
        now=timezone.now(),
    )
    evidence = recorded("reimage_operation.settled")
    assert evidence["os_disk_id_before"] == operation.evidence["os_disk_id"]
    assert evidence["accepted_at"] is not None
    assert (evidence["os_disk_id_seen"], evidence["looked_at"]) == (None, None)


def test_a_busy_machine_was_not_seen_quiet(azure: SandboxProcess, alice: User, bob: User) -> None:
    operation = lost(azure, alice, bob, "web-02", "reset_before")
    azure.drift("web-02", provisioning_state="Updating")
    age(operation, timedelta(hours=2, minutes=1))
    assert advance(operation).state == OperationState.NEEDS_ATTENTION
    evidence = recorded(ESCALATED)
    assert (evidence["provisioning_state"], evidence["quiet_seconds"]) == ("Updating", 0)
    assert evidence["busy_at"] == evidence["looked_at"]


def test_a_machine_that_is_gone_or_another_is_recorded_as_that(azure: SandboxProcess, alice: User, bob: User) -> None:
    operation = lost(azure, alice, bob, "web-02", "reset_before")
    azure.drift("web-02", delete=True)
    advance(operation)
    evidence = recorded(ESCALATED)
    assert (evidence["is_gone"], evidence["vm_id_seen"]) == (True, None)
    assert_looked_now(evidence)


def test_a_log_that_could_not_be_read_is_told_from_one_that_was_not_asked(
    azure: SandboxProcess, alice: User, bob: User
) -> None:
    operation = lost(azure, alice, bob, "web-02", "reset_before")
    azure.faults("status", match=LOG, status=403, times=2)
    advance(operation)
    age(operation, timedelta(hours=2))
    assert advance(operation).state == OperationState.NEEDS_ATTENTION
    evidence = recorded(ESCALATED)
    assert evidence["activity_log"] == "unreadable"
    assert evidence["unanswered_since"] < evidence["looked_at"]


def test_azures_words_in_it_may_hold_anything(
    azure: SandboxProcess, alice: User, bob: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    operation, read = lost(azure, alice, bob, "web-02", "reset_before"), reconciliation.read_virtual_machine

    def with_hostile_state(vm_id: VirtualMachineId) -> VirtualMachineFacts:
        return replace(read(vm_id), provisioning_state="no \x00 here")

    monkeypatch.setattr(reconciliation, "read_virtual_machine", with_hostile_state)
    age(operation, timedelta(hours=2, minutes=1))
    assert advance(operation).state == OperationState.NEEDS_ATTENTION
    assert recorded(ESCALATED)["provisioning_state"] == "no \ufffd here"
