"""Right before the POST: what was approved must still be there, and both people must still hold their rights."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from portal.audit.models import AuditEvent
from portal.identity.models import User
from reimage.azure.errors import AzureUnavailable
from reimage.domain.operation_states import OperationState
from reimage.domain.parameters import ReimageParameters
from reimage.domain.plan import DeleteOptionChange
from reimage.domain.request_states import RequestState
from reimage.domain.resource_ids import VirtualMachineId
from reimage.domain.virtual_machine import VirtualMachineFacts
from reimage.models import AccessGrant, ReimageOperation, ReimageRequest, SealedSecret
from reimage.services import preflight
from tests.azure_fixtures import forget_clients
from tests.sandbox_process import SandboxProcess
from tests.stories import accepted_posts, advance, approved, posts, run

SECRET = ReimageParameters(admin_password="Correct-Horse-7")


def assert_stopped(operation: ReimageOperation, sandbox: SandboxProcess, *codes: str) -> None:
    """Back to the people: nothing sent, the reasons kept, the secrets gone, the machine free."""
    assert operation.state == OperationState.DRIFTED
    assert [finding["code"] for finding in operation.findings] == list(codes)
    assert posts(sandbox) == []
    assert not SealedSecret.objects.exists()
    operation.reimage_request.refresh_from_db()
    assert operation.reimage_request.state == RequestState.FAILED
    assert AuditEvent.objects.filter(action="reimage_operation.drifted").count() == 1


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"recreate": True}, "vm_id"),
        ({"replace_os_disk": True}, "os_disk_id"),
        ({"delete_option": "Delete"}, "delete_option"),
        ({"exact_version": "20348.1.1"}, "image_exact_version"),
    ],
)
@pytest.mark.asvs("V14.2.7")
def test_a_machine_that_is_not_as_approved_stops_and_says_which_field_moved(
    azure: SandboxProcess, alice: User, bob: User, change: dict[str, Any], field: str
) -> None:
    operation = approved(alice, bob, "web-02", parameters=SECRET).operations.get()
    azure.drift("web-02", **change)
    operation = advance(operation)
    drifted = [finding["params"]["field"] for finding in operation.findings]
    assert field in drifted
    assert_stopped(operation, azure, *["drifted"] * len(drifted))


def test_a_vanished_machine_stops(azure: SandboxProcess, alice: User, bob: User) -> None:
    operation = approved(alice, bob, "web-02").operations.get()
    azure.drift("web-02", delete=True)
    assert_stopped(advance(operation), azure, "virtual_machine_not_there")


@pytest.mark.parametrize("change", [{"power_state": "deallocated"}, {"tags": {"env": "other"}}])
def test_what_is_not_material_does_not_stop_it(
    azure: SandboxProcess, alice: User, bob: User, change: dict[str, Any]
) -> None:
    operation = approved(alice, bob, "web-02").operations.get()
    azure.drift("web-02", **change)
    assert advance(operation).state == OperationState.IN_PROGRESS


@pytest.mark.parametrize(("grant", "code"), [(0, "requester_lost_right"), (2, "approver_lost_right")])
@pytest.mark.asvs("V8.3.3")
def test_a_right_that_was_revoked_after_the_approval_stops_it(
    azure: SandboxProcess, alice: User, bob: User, grants: list[AccessGrant], grant: int, code: str
) -> None:
    operation = approved(alice, bob, "web-02", parameters=SECRET).operations.get()
    grants[grant].delete()
    assert_stopped(advance(operation), azure, code)


@pytest.mark.parametrize(("who", "code"), [("alice", "requester_lost_right"), ("bob", "approver_lost_right")])
@pytest.mark.asvs("V8.3.3")
def test_a_membership_that_a_later_sign_in_no_longer_shows_stops_it(
    azure: SandboxProcess, alice: User, bob: User, who: str, code: str
) -> None:
    operation = approved(alice, bob, "web-02", parameters=SECRET).operations.get()
    User.objects.filter(pk={"alice": alice, "bob": bob}[who].pk).update(group_ids=[])
    assert_stopped(advance(operation), azure, code)


def test_a_tag_that_the_grant_needs_is_looked_up_at_azure(azure: SandboxProcess, alice: User, bob: User) -> None:
    operation = approved(alice, bob, "batch-01").operations.get()
    azure.drift("batch-01", group="rg-batch", tags={"owner": "somebody else"})
    assert_stopped(advance(operation), azure, "requester_lost_right")


@pytest.mark.asvs("V2.3.2", "V14.2.7")
def test_an_approval_whose_term_is_over_stops(azure: SandboxProcess, alice: User, bob: User) -> None:
    reimage_request = approved(alice, bob, "web-02", parameters=SECRET)
    ReimageRequest.objects.filter(pk=reimage_request.pk).update(expires_at=timezone.now())
    assert_stopped(advance(reimage_request.operations.get()), azure, "approval_expired")


@pytest.mark.parametrize("change", [DeleteOptionChange.KEEP, DeleteOptionChange.DELETE])
def test_a_term_that_ends_while_azure_is_asked_stops_it(
    azure: SandboxProcess, alice: User, bob: User, monkeypatch: pytest.MonkeyPatch, change: DeleteOptionChange
) -> None:
    reimage_request = approved(alice, bob, "web-02", change=change)
    read = preflight.read_virtual_machine

    def slowly(vm_id: VirtualMachineId) -> VirtualMachineFacts:
        facts = read(vm_id)
        ReimageRequest.objects.filter(pk=reimage_request.pk).update(expires_at=timezone.now())
        return facts

    monkeypatch.setattr(preflight, "read_virtual_machine", slowly)
    operation = advance(reimage_request.operations.get())
    assert (operation.state, operation.note["code"]) == (OperationState.PREFLIGHT, "approval_expired")
    assert azure.ledger(method="PATCH") == []
    assert_stopped(advance(operation), azure, "approval_expired")


def test_the_term_of_an_approval_is_not_over_early(azure: SandboxProcess, alice: User, bob: User) -> None:
    reimage_request = approved(alice, bob, "web-02")
    ReimageRequest.objects.filter(pk=reimage_request.pk).update(expires_at=timezone.now() + timedelta(minutes=1))
    assert advance(reimage_request.operations.get()).state == OperationState.IN_PROGRESS


@pytest.mark.parametrize("column", ["justification", "ticket"])
def test_a_request_that_was_altered_after_the_approval_stops(
    azure: SandboxProcess, alice: User, bob: User, column: str
) -> None:
    reimage_request = approved(alice, bob, "web-02", parameters=SECRET)
    ReimageRequest.objects.filter(pk=reimage_request.pk).update(**{column: "something else"})
    assert_stopped(advance(reimage_request.operations.get()), azure, "plan_is_not_the_approved_one")


def test_a_plan_that_was_altered_after_the_approval_stops(azure: SandboxProcess, alice: User, bob: User) -> None:
    operation = approved(alice, bob, "web-02").operations.get()
    ReimageOperation.objects.filter(pk=operation.pk).update(plan={**operation.plan, "body": {"exactVersion": "1"}})
    assert_stopped(advance(operation), azure, "plan_is_not_the_approved_one")


@pytest.mark.asvs("V2.3.1")
def test_an_operation_without_its_approval_is_not_sent(azure: SandboxProcess, alice: User, bob: User) -> None:
    reimage_request = approved(alice, bob, "web-02")
    ReimageRequest.objects.filter(pk=reimage_request.pk).update(digest="0" * 64)
    assert_stopped(advance(reimage_request.operations.get()), azure, "plan_is_not_the_approved_one")


def test_a_busy_machine_is_waited_for_without_spending_an_attempt(
    azure: SandboxProcess, alice: User, bob: User
) -> None:
    reimage_request = approved(alice, bob, "web-02")
    azure.drift("web-02", provisioning_state="Updating")
    for _ in range(3):
        operation = advance(reimage_request.operations.get())
        assert (operation.state, operation.attempt) == (OperationState.PREFLIGHT, 0)
        assert operation.note["code"] == "virtual_machine_busy"
        assert operation.next_at > timezone.now()
    azure.drift("web-02", provisioning_state="Succeeded")
    assert run(reimage_request, azure).state == RequestState.COMPLETED
    assert len(accepted_posts(azure)) == 1


@pytest.mark.parametrize(
    ("status", "code", "note"),
    [
        (401, "ExpiredAuthenticationToken", "identity_refused"),
        (403, "AuthorizationFailed", "azure_forbids"),
        (429, "OperationNotAllowed", "azure_unavailable"),
        (500, "InternalServerError", "azure_unavailable"),
        (503, "ServiceUnavailable", "azure_unavailable"),
    ],
)
@pytest.mark.asvs("V16.5.3")
def test_a_read_that_fails_burns_nothing_and_says_what_it_waits_for(
    azure: SandboxProcess, alice: User, bob: User, status: int, code: str, note: str
) -> None:
    reimage_request = approved(alice, bob, "web-02", parameters=SECRET)
    azure.faults("status", match={"verb": "GET", "vm": "web-02"}, status=status, code=code, times=1)
    operation = advance(reimage_request.operations.get())
    assert operation.state == OperationState.PREFLIGHT
    assert (operation.note["code"], operation.note["params"]["status"]) == (note, status)
    assert operation.note["params"]["azure_code"] == code
    assert SealedSecret.objects.exists()
    assert run(reimage_request, azure).state == RequestState.COMPLETED


def test_it_comes_back_when_azure_asked_it_to(azure: SandboxProcess, alice: User, bob: User) -> None:
    reimage_request = approved(alice, bob, "web-02")
    azure.faults("status", match={"verb": "GET", "vm": "web-02"}, status=429, retry_after=600)
    before, reads = timezone.now(), len(azure.ledger(vm="web-02", method="GET"))
    operation = advance(reimage_request.operations.get())
    assert timedelta(seconds=599) < operation.next_at - before < timedelta(seconds=660)
    assert len(azure.ledger(vm="web-02", method="GET")) == reads + 1


def test_a_credential_that_azure_no_longer_accepts_burns_nothing(
    azure: SandboxProcess, alice: User, bob: User, settings: Any
) -> None:
    reimage_request = approved(alice, bob, "web-02")
    settings.AZURE_CLIENT_SECRET = "revoked"
    forget_clients()
    operation = advance(reimage_request.operations.get())
    assert operation.state == OperationState.PREFLIGHT
    assert operation.note["code"] == "identity_refused"
    assert operation.note["params"]["azure_code"] == "ClientAuthenticationError"
    settings.AZURE_CLIENT_SECRET = "sandbox-operator-secret"
    forget_clients()
    assert run(reimage_request, azure).state == RequestState.COMPLETED


def test_an_answer_of_another_shape_is_no_answer(
    azure: SandboxProcess, alice: User, bob: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unreadable(_: object) -> None:
        raise AzureUnavailable("Azure's answer is not of the documented shape.", code="UnreadableValueError")

    monkeypatch.setattr(preflight, "read_virtual_machine", unreadable)
    operation = advance(approved(alice, bob, "web-02").operations.get())
    assert (operation.state, operation.note["code"]) == (OperationState.PREFLIGHT, "azure_unavailable")


def test_one_machine_that_drifted_does_not_keep_back_the_others(azure: SandboxProcess, alice: User, bob: User) -> None:
    reimage_request = approved(alice, bob, "web-01", "web-02")
    azure.drift("web-02", replace_os_disk=True)
    run(reimage_request, azure)
    assert [operation.state for operation in reimage_request.operations.all()] == ["succeeded", "drifted"]
    assert reimage_request.state == RequestState.COMPLETED_WITH_PROBLEMS
    assert [entry["vm"].rpartition("/")[2] for entry in posts(azure)] == ["web-01"]
