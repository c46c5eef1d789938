"""The requester calls off what was not sent yet of a request that runs: after a fright, or a breaker that tripped."""

import json
from typing import Any

import pytest
from django.utils import timezone

from portal.audit.models import AuditEvent
from portal.audit.text_search import of_person
from portal.errors import NotAllowed, WrongState
from portal.identity.models import User
from reimage.domain.operation_states import OperationState
from reimage.domain.parameters import ReimageParameters
from reimage.domain.plan import DeleteOptionChange
from reimage.domain.request_states import RequestState
from reimage.models import NoticeKind, ReimageRequest, SealedSecret
from reimage.services import decision, preflight
from tests.sandbox_process import SandboxProcess
from tests.stories import accepted_posts, advance, advance_to, approved, posts, run

SECRET = ReimageParameters(admin_password="Correct-Horse-7")
CANCELED, RUNNING = OperationState.CANCELED, OperationState.IN_PROGRESS


def call_off(person: User, reimage_request: ReimageRequest) -> ReimageRequest:
    return decision.cancel_reimage_request(requester=person, reimage_request_id=reimage_request.pk, now=timezone.now())


def begun(alice: User, bob: User, *names: str, **options: Any) -> ReimageRequest:
    """Its first machine is being reimaged, the others have not been looked at."""
    reimage_request = approved(alice, bob, *names, **options)
    advance_to(reimage_request.operations.order_by("name")[0], RUNNING)
    return reimage_request


def states(reimage_request: ReimageRequest) -> list[str]:
    return [str(operation.state) for operation in reimage_request.operations.order_by("name")]


def canceled_in_log() -> list[str]:
    events = AuditEvent.objects.filter(action="reimage_operation.canceled").order_by("pk")
    return [str(event.target_label) for event in events]


def test_what_the_breaker_holds_back_is_called_off_and_what_was_sent_runs_on(
    azure: SandboxProcess, alice: User, bob: User, settings: Any
) -> None:
    settings.BREAKER_REIMAGES = 1
    reimage_request = begun(alice, bob, "web-02", "web-03", parameters=SECRET)
    held = advance(reimage_request.operations.get(name="web-03"))
    assert held.note["code"] == "breaker_tripped"
    assert call_off(alice, reimage_request).state == RequestState.EXECUTING
    assert states(reimage_request) == [RUNNING, CANCELED]
    assert not SealedSecret.objects.exists()
    settings.BREAKER_REIMAGES = 0
    assert run(reimage_request, azure).state == RequestState.COMPLETED_WITH_PROBLEMS
    assert (len(accepted_posts(azure, "web-02")), posts(azure, "web-03")) == (1, [])


def test_the_log_tells_who_called_off_which_machines(azure: SandboxProcess, alice: User, bob: User) -> None:
    call_off(alice, begun(alice, bob, "web-01", "web-02", "web-03"))
    assert canceled_in_log() == ["web-02", "web-03"]
    assert of_person(AuditEvent.objects.filter(action="reimage_operation.canceled"), "Alice Aoki").count() == 2
    assert not AuditEvent.objects.filter(action="reimage_request.canceled").exists()


def test_the_secrets_of_what_runs_on_stay(azure: SandboxProcess, alice: User, bob: User) -> None:
    reimage_request = approved(alice, bob, "web-02", "web-03", parameters=SECRET)
    first, second = reimage_request.operations.order_by("name")
    azure.faults("accepted_then_status", match={"verb": "POST", "path_contains": "/reimage"}, status=409)
    advance_to(first, OperationState.OUTCOME_UNKNOWN)  # it may have to be sent again
    call_off(alice, reimage_request)
    assert {sealed.operation_id for sealed in SealedSecret.objects.all()} == {first.pk}
    second.refresh_from_db()
    assert second.state == CANCELED


def test_a_worker_that_is_at_it_sends_nothing(
    azure: SandboxProcess, alice: User, bob: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    reimage_request = begun(alice, bob, "web-01", "web-02")
    read = preflight.read_virtual_machine

    def read_while_alice_calls_off(vm_id: Any) -> Any:
        facts = read(vm_id)
        call_off(alice, reimage_request)
        return facts

    monkeypatch.setattr(preflight, "read_virtual_machine", read_while_alice_calls_off)
    assert advance(reimage_request.operations.get(name="web-02")).state == CANCELED
    assert len(posts(azure)) == 1


def test_where_nothing_runs_any_more_the_request_ends_at_once(azure: SandboxProcess, alice: User, bob: User) -> None:
    reimage_request = approved(alice, bob, "web-01", "web-02")
    azure.drift("web-01", delete=True)
    advance_to(reimage_request.operations.get(name="web-01"), OperationState.DRIFTED)
    assert call_off(alice, reimage_request).state == RequestState.FAILED  # no machine was reimaged
    finished = AuditEvent.objects.get(action="reimage_request.finished")
    assert sorted(json.loads(finished.body)["detail"]["virtual_machines"].values()) == ["canceled", "drifted"]
    assert reimage_request.notices.filter(kind=NoticeKind.FINISHED).count() == 1


def test_it_tells_of_a_delete_option_that_stays_changed(azure: SandboxProcess, alice: User, bob: User) -> None:
    reimage_request = begun(alice, bob, "web-02", "web-03", change=DeleteOptionChange.DETACH)
    advance_to(reimage_request.operations.get(name="web-03"), OperationState.SETTING_DELETE_OPTION)
    call_off(alice, reimage_request)
    operation = reimage_request.operations.get(name="web-03")
    assert [finding["code"] for finding in operation.findings] == ["delete_option_stays_changed"]


def test_when_everything_was_sent_it_is_too_late(azure: SandboxProcess, alice: User, bob: User) -> None:
    reimage_request = begun(alice, bob, "web-01")
    with pytest.raises(WrongState, match="can no longer be changed: Running"):
        call_off(alice, reimage_request)
    assert states(reimage_request) == [RUNNING]


def test_only_the_requester_calls_off(azure: SandboxProcess, alice: User, bob: User, dan: User) -> None:
    reimage_request = begun(alice, bob, "web-01", "web-02")
    for person in (bob, dan):
        with pytest.raises(NotAllowed, match="Only the person who asked"):
            call_off(person, reimage_request)
    assert states(reimage_request) == [RUNNING, OperationState.QUEUED]
