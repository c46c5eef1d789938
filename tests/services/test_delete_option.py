"""Changing deleteOption first: a PATCH before the POST, never mistaken for drift, and looked at before going on."""

from typing import Any

import pytest

from portal.audit.models import AuditEvent
from portal.identity.models import User
from reimage.azure.activity_log import Trace
from reimage.azure.calls import Refused, Unknown
from reimage.domain.operation_states import OperationState
from reimage.domain.plan import DeleteOptionChange
from reimage.domain.request_states import RequestState
from reimage.models import AccessGrant, GrantRole
from reimage.services import preflight, reconciliation
from tests.sandbox_process import SandboxProcess
from tests.stories import accepted_posts, advance, advance_to, approved, let_lease_lapse, posts, run

DETACH = DeleteOptionChange.DETACH


class WorkerDied(BaseException):
    """As by kill -9."""


def verbs(sandbox: SandboxProcess) -> list[str]:
    return [entry["method"] for entry in sandbox.ledger(vm="web-03") if entry["method"] != "GET"]


@pytest.mark.parametrize(
    ("machine", "change", "fate"),
    [("web-03", DeleteOptionChange.DETACH, "kept"), ("web-02", DeleteOptionChange.DELETE, "deleted")],
)
def test_the_old_disk_meets_the_fate_that_was_chosen(
    azure: SandboxProcess, alice: User, bob: User, machine: str, change: DeleteOptionChange, fate: str
) -> None:
    reimage_request = run(approved(alice, bob, machine, change=change), azure)
    assert reimage_request.state == RequestState.COMPLETED
    assert reimage_request.operations.get().findings == []
    after = azure.machine(machine)
    assert after["delete_option"] == change.value
    assert [disk["fate"] for disk in after["released_disks"]] == [fate]
    assert AuditEvent.objects.filter(action="delete_option.requested").count() == 1


def test_the_log_tells_what_became_of_the_change(azure: SandboxProcess, alice: User, bob: User) -> None:
    azure.faults("status", match={"verb": "PATCH", "vm": "web-03"}, status=409, times=1)
    azure.faults("accepted_then_lost", match={"verb": "PATCH", "vm": "web-03"}, times=1)
    run(approved(alice, bob, "web-03", change=DETACH), azure)
    told = AuditEvent.objects.filter(action__startswith="delete_option.").order_by("sequence")
    assert [event.action.partition(".")[2] for event in told] == [
        "requested",
        "refused",
        "requested",
        "lost",
        "confirmed",
    ]


def test_a_change_that_stays_behind_is_reported(azure: SandboxProcess, alice: User, bob: User) -> None:
    reimage_request = approved(alice, bob, "web-02", change=DeleteOptionChange.DELETE)
    advance_to(reimage_request.operations.get(), OperationState.SETTING_DELETE_OPTION)
    AccessGrant.objects.filter(role=GrantRole.REQUESTER).delete()
    run(reimage_request, azure)
    operation = reimage_request.operations.get()
    assert operation.state == OperationState.DRIFTED
    assert [finding["code"] for finding in operation.findings] == [
        "requester_lost_right",
        "delete_option_stays_changed",
    ]
    assert azure.machine("web-02")["delete_option"] == "Delete"


def test_the_patch_goes_first_with_what_the_schema_requires(azure: SandboxProcess, alice: User, bob: User) -> None:
    run(approved(alice, bob, "web-03", change=DETACH), azure)
    patch, post = (entry for entry in azure.ledger(vm="web-03") if entry["method"] != "GET")
    assert patch["body"] == {
        "properties": {"storageProfile": {"osDisk": {"createOption": "FromImage", "deleteOption": "Detach"}}}
    }
    assert (patch["api_version"], post["path"].rpartition("/")[2]) == ("2024-07-01", "reimage")
    assert patch["client_request_id"] != post["client_request_id"]


@pytest.mark.parametrize(
    "fault",
    [
        {"fault": "status", "status": 429, "retry_after": 5},
        {"fault": "status", "status": 409},
        {"fault": "status", "status": 500},
        {"fault": "status", "status": 503},
        {"fault": "reset_before"},
        {"fault": "accepted_then_lost"},
        {"fault": "accepted_then_status"},
    ],
)
def test_a_patch_that_goes_wrong_is_looked_at_again(
    azure: SandboxProcess, alice: User, bob: User, fault: dict[str, Any]
) -> None:
    reimage_request = approved(alice, bob, "web-03", change=DETACH)
    azure.faults(fault.pop("fault"), match={"verb": "PATCH", "vm": "web-03"}, **fault)
    assert run(reimage_request, azure).state == RequestState.COMPLETED
    assert azure.machine("web-03")["delete_option"] == "Detach"
    assert len(accepted_posts(azure)) == 1


@pytest.mark.parametrize("status", [409, 429])
def test_a_change_that_looked_refused_is_known_as_the_portals_own(
    azure: SandboxProcess, alice: User, bob: User, status: int
) -> None:
    """As a gateway answers, after Azure accepted the call."""
    reimage_request = approved(alice, bob, "web-03", change=DETACH)
    azure.faults("accepted_then_status", match={"verb": "PATCH", "vm": "web-03"}, status=status)
    assert run(reimage_request, azure).state == RequestState.COMPLETED
    assert reimage_request.operations.get().findings == []
    assert verbs(azure) == ["PATCH", "POST"]


def test_a_change_that_looked_refused_is_told_wherever_it_ends(azure: SandboxProcess, alice: User, bob: User) -> None:
    operation = approved(alice, bob, "web-03", change=DETACH).operations.get()
    azure.faults("accepted_then_status", match={"verb": "PATCH", "vm": "web-03"}, status=409)
    assert advance(operation).note["code"] == "azure_conflict"
    azure.advance_clock(100)
    azure.drift("web-03", replace_os_disk=True)
    assert advance(operation).state == OperationState.DRIFTED
    assert [finding["code"] for finding in operation.findings] == ["drifted", "delete_option_stays_changed"]


@pytest.mark.parametrize("status", [400, 401, 403, 404])
def test_so_is_one_that_looked_refused_for_good(azure: SandboxProcess, alice: User, bob: User, status: int) -> None:
    """Whoever answered so may not be who made the change."""
    operation = approved(alice, bob, "web-03", change=DETACH).operations.get()
    azure.faults("accepted_then_status", match={"verb": "PATCH", "vm": "web-03"}, status=status)
    advance(operation)
    if status == 401:  # the portal's own identity: waited for
        AccessGrant.objects.filter(role=GrantRole.REQUESTER).delete()
        azure.advance_clock(100)
        assert advance(operation).state == OperationState.DRIFTED
    else:
        assert operation.state == OperationState.FAILED
    assert "delete_option_stays_changed" in [finding["code"] for finding in operation.findings]
    assert azure.machine("web-03")["delete_option"] == "Detach"
    assert posts(azure) == []


def test_a_change_that_stays_is_told_also_where_the_activity_log_settles_it(
    azure: SandboxProcess, alice: User, bob: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    reimage_request = approved(alice, bob, "web-03", change=DETACH)
    azure.faults("reset_before", match={"verb": "POST", "path_contains": "/reimage"})
    for _ in range(12):
        operation = advance(reimage_request.operations.get())
        if operation.state == OperationState.OUTCOME_UNKNOWN:
            break
        azure.advance_clock(20)
    monkeypatch.setattr(reconciliation, "find_reimage_call", lambda *_, **__: Trace.FAILED)
    assert advance(operation).state == OperationState.FAILED
    assert [finding["code"] for finding in operation.findings] == ["delete_option_stays_changed"]
    event = AuditEvent.objects.filter(action="reimage_operation.reconciled").get()
    assert "delete_option_stays_changed" in bytes(event.body).decode()


def test_a_patch_that_azure_throttles_for_long_burns_nothing(azure: SandboxProcess, alice: User, bob: User) -> None:
    reimage_request = approved(alice, bob, "web-03", change=DETACH)
    azure.faults("status", match={"verb": "PATCH", "vm": "web-03"}, status=429, retry_after=1, times=7)
    for _ in range(7):
        operation = advance(reimage_request.operations.get())
        assert operation.state == OperationState.SETTING_DELETE_OPTION
    assert run(reimage_request, azure).state == RequestState.COMPLETED


def test_a_worker_that_is_too_slow_sends_no_patch(azure: SandboxProcess, alice: User, bob: User, settings: Any) -> None:
    reimage_request = approved(alice, bob, "web-03", change=DETACH)
    settings.OPERATION_LEASE_SECONDS = 10
    operation = advance(reimage_request.operations.get())
    assert (operation.state, operation.note["code"]) == (OperationState.SETTING_DELETE_OPTION, "too_late_to_send")
    assert verbs(azure) == []
    settings.OPERATION_LEASE_SECONDS = 30
    assert run(reimage_request, azure).state == RequestState.COMPLETED
    assert verbs(azure) == ["PATCH", "POST"]


def test_a_patch_that_never_connected_was_not_sent(
    azure: SandboxProcess, alice: User, bob: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    reimage_request = approved(alice, bob, "web-03", change=DETACH)
    monkeypatch.setattr(preflight, "change_delete_option", lambda *_, **__: Refused(0, "NotSent", ""))
    operation = advance(reimage_request.operations.get())
    assert (operation.state, operation.note["code"]) == (OperationState.SETTING_DELETE_OPTION, "not_sent")


def test_a_patch_that_azure_refuses_fails_with_azures_words(azure: SandboxProcess, alice: User, bob: User) -> None:
    reimage_request = approved(alice, bob, "web-03", change=DETACH)
    azure.faults("status", match={"verb": "PATCH"}, status=403, code="AuthorizationFailed", message="No write.")
    operation = advance(reimage_request.operations.get())
    assert operation.state == OperationState.FAILED
    assert operation.note["params"]["message"] == "No write."
    assert posts(azure) == []


def test_it_gives_up_when_azure_never_makes_the_change(
    azure: SandboxProcess, alice: User, bob: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(preflight, "change_delete_option", lambda *_, **__: Unknown("Swallowed"))
    reimage_request = run(approved(alice, bob, "web-03", change=DETACH), azure)
    operation = reimage_request.operations.get()
    assert (operation.state, operation.note["code"]) == (OperationState.FAILED, "delete_option_unchanged")
    assert posts(azure) == []


@pytest.mark.parametrize("status", [409, 429])
def test_a_refused_post_after_the_change_is_not_read_as_drift(
    azure: SandboxProcess, alice: User, bob: User, status: int
) -> None:
    reimage_request = approved(alice, bob, "web-03", change=DETACH)
    azure.faults("status", match={"verb": "POST", "path_contains": "/reimage"}, status=status, retry_after=1)
    assert run(reimage_request, azure).state == RequestState.COMPLETED
    assert verbs(azure) == ["PATCH", "POST", "POST"]
    assert len(accepted_posts(azure)) == 1


def test_a_worker_that_dies_after_the_patch_leaves_no_drift_behind(
    azure: SandboxProcess, alice: User, bob: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    reimage_request = approved(alice, bob, "web-03", change=DETACH)

    def die(*_: object) -> None:
        raise WorkerDied

    with monkeypatch.context() as moment:
        moment.setattr(preflight, "_after_change", die)
        with pytest.raises(WorkerDied):
            advance(reimage_request.operations.get())
    let_lease_lapse(reimage_request.operations.get())
    assert run(reimage_request, azure).state == RequestState.COMPLETED
    assert verbs(azure) == ["PATCH", "POST"]


def test_somebody_elses_change_of_the_option_is_drift_even_to_the_same_value(
    azure: SandboxProcess, alice: User, bob: User
) -> None:
    reimage_request = approved(alice, bob, "web-03", change=DETACH)
    azure.drift("web-03", delete_option="Detach")
    operation = advance(reimage_request.operations.get())
    assert operation.state == OperationState.DRIFTED
    assert operation.findings[0]["params"] == {"field": "delete_option", "approved": "Delete", "found": "Detach"}
    assert verbs(azure) == []


def test_drift_of_the_machine_after_the_change_stops_it(azure: SandboxProcess, alice: User, bob: User) -> None:
    operation = approved(alice, bob, "web-03", change=DETACH).operations.get()
    advance_to(operation, OperationState.SETTING_DELETE_OPTION)
    azure.advance_clock(100)
    azure.drift("web-03", replace_os_disk=True)
    assert advance(operation).state == OperationState.DRIFTED
    assert posts(azure) == []
