"""The requester withdraws, until the POST: a worker that is at it loses its claim and sends nothing."""

import json
from typing import Any

import pytest
from django.utils import timezone

from portal.audit.models import AuditEvent
from portal.audit.text_search import of_person
from portal.errors import NotAllowed, NotFound, WrongState
from portal.identity.models import User
from reimage.domain.operation_states import OperationState
from reimage.domain.parameters import ReimageParameters
from reimage.domain.plan import DeleteOptionChange
from reimage.domain.request_states import RequestState
from reimage.models import ReimageRequest, SealedSecret
from reimage.services import decision, preflight, withdrawal
from tests.sandbox_process import SandboxProcess
from tests.stories import advance, advance_to, approved, posts, request_reimage, run

SECRET = ReimageParameters(admin_password="Correct-Horse-7")


def cancel(person: User, reimage_request: ReimageRequest) -> ReimageRequest:
    return decision.cancel_reimage_request(requester=person, reimage_request_id=reimage_request.pk, now=timezone.now())


def test_it_withdraws_what_waits_for_approval(azure: SandboxProcess, alice: User) -> None:
    canceled = cancel(alice, request_reimage(alice, "web-02", parameters=SECRET))
    assert canceled.state == RequestState.CANCELED
    assert canceled.operations.get().state == OperationState.CANCELED
    assert not SealedSecret.objects.exists()
    assert of_person(AuditEvent.objects.filter(action="reimage_request.canceled"), "Alice Aoki").count() == 1


def test_it_withdraws_what_is_approved_and_waits_for_a_busy_machine(
    azure: SandboxProcess, alice: User, bob: User
) -> None:
    reimage_request = approved(alice, bob, "web-01")
    azure.drift("web-01", provisioning_state="Updating")
    before = advance_to(reimage_request.operations.get(), OperationState.PREFLIGHT)
    assert withdrawal.is_cancelable(reimage_request)
    assert cancel(alice, reimage_request).state == RequestState.CANCELED
    assert reimage_request.operations.get().fence == before.fence + 1
    azure.drift("web-01", provisioning_state="Succeeded")
    run(reimage_request, azure)
    assert posts(azure) == []


def test_a_worker_that_is_at_it_loses_its_claim_and_sends_nothing(
    azure: SandboxProcess, alice: User, bob: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    reimage_request = approved(alice, bob, "web-01")
    read = preflight.read_virtual_machine

    def read_while_alice_cancels(vm_id: Any) -> Any:
        facts = read(vm_id)
        cancel(alice, reimage_request)
        return facts

    monkeypatch.setattr(preflight, "read_virtual_machine", read_while_alice_cancels)
    operation = advance(reimage_request.operations.get())
    assert operation.state == OperationState.CANCELED
    assert posts(azure) == []
    assert not AuditEvent.objects.filter(action="reimage_operation.intended").exists()


def test_it_withdraws_between_the_change_of_delete_option_and_the_post(
    azure: SandboxProcess, alice: User, bob: User
) -> None:
    reimage_request = approved(alice, bob, "web-03", change=DeleteOptionChange.DETACH)
    advance_to(reimage_request.operations.get(), OperationState.SETTING_DELETE_OPTION)
    assert cancel(alice, reimage_request).state == RequestState.CANCELED
    run(reimage_request, azure)
    assert posts(azure) == []
    stays = {"code": "delete_option_stays_changed", "params": {"before": "Delete", "after": "Detach"}}
    operation = reimage_request.operations.get()
    assert (operation.findings, operation.note) == ([stays], {})
    event = AuditEvent.objects.get(action="reimage_operation.canceled")
    assert json.loads(event.body)["detail"]["findings"] == [stays]


def test_after_the_post_it_is_too_late(azure: SandboxProcess, alice: User, bob: User) -> None:
    reimage_request = approved(alice, bob, "web-01")
    advance_to(reimage_request.operations.get(), OperationState.IN_PROGRESS)
    assert not withdrawal.is_cancelable(reimage_request)
    with pytest.raises(WrongState, match="can no longer be changed: Running"):
        cancel(alice, reimage_request)


def test_it_is_too_late_for_all_when_one_machine_was_sent(azure: SandboxProcess, alice: User, bob: User) -> None:
    reimage_request = approved(alice, bob, "web-01", "web-02")
    first, second = reimage_request.operations.all()
    advance_to(first, OperationState.IN_PROGRESS)
    ReimageRequest.objects.filter(pk=reimage_request.pk).update(state=RequestState.APPROVED)
    with pytest.raises(WrongState, match="has been sent to Azure"):
        cancel(alice, reimage_request)
    second.refresh_from_db()
    assert second.state == OperationState.QUEUED


def test_it_is_not_withdrawn_twice(azure: SandboxProcess, alice: User) -> None:
    reimage_request = cancel(alice, request_reimage(alice, "web-01"))
    with pytest.raises(WrongState, match="can no longer be changed: Canceled"):
        cancel(alice, reimage_request)


def test_only_the_requester_withdraws(azure: SandboxProcess, alice: User, bob: User, eve: User) -> None:
    reimage_request = request_reimage(alice, "web-01")
    with pytest.raises(NotAllowed, match="Only the person who asked") as refused:
        cancel(bob, reimage_request)
    assert "ask Alice Aoki" in refused.value.remedy
    with pytest.raises(NotFound):
        cancel(eve, reimage_request)
