"""A credential that is revoked in mid-run: nothing fails, everybody waits, administrators are told once, and after the
repair everything goes on and the alarm is over by itself."""

from datetime import timedelta
from typing import Any

import pytest
from django.core import mail
from django.utils import timezone

from portal.audit.models import AuditEvent
from portal.identity.models import User
from reimage import tasks
from reimage.domain.operation_states import OperationState
from reimage.domain.parameters import ReimageParameters
from reimage.domain.plan import DeleteOptionChange
from reimage.domain.request_states import RequestState
from reimage.execution_selectors import Alarm, execution_alarms
from reimage.models import AlarmKind, ExecutionAlarm, Notice, ReimageOperation, SealedSecret
from reimage.services import alarms, doorbell, pausing
from reimage.services.clock import database_now
from tests.azure_fixtures import forget_clients
from tests.sandbox_process import SandboxProcess
from tests.stories import accepted_posts, advance, advance_to, age, approved, posts, run

SECRET = ReimageParameters(admin_password="Correct-Horse-7")
POST = {"verb": "POST", "path_contains": "/reimage"}
PATCH = {"verb": "PATCH"}
POLL = {"verb": "GET", "path_contains": "/operations/"}


def revoke(settings: Any) -> None:
    settings.AZURE_CLIENT_SECRET = "revoked"
    forget_clients()


def repair(settings: Any) -> None:
    settings.AZURE_CLIENT_SECRET = "sandbox-operator-secret"
    forget_clients()


def watch() -> None:
    alarms.watch_execution(now=database_now())


def some_time_passes() -> None:
    """As if nobody had waited for what an alarm is about for longer than it takes to believe it."""
    ExecutionAlarm.objects.update(seen_at=database_now() - alarms.CALM)


def note_of(operation: ReimageOperation) -> tuple[str, str]:
    return operation.state, operation.note.get("code", "")


@pytest.fixture(autouse=True)
def silent_doorbell(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doorbell, "ring", lambda _ids: None)


def test_whatever_it_was_at_waits_and_goes_on_after_the_repair(
    azure: SandboxProcess, alice: User, bob: User, settings: Any
) -> None:
    """One machine that waits to be sent, one that Azure is at, one whose answer was lost, and one to be verified."""
    running = approved(alice, bob, "web-02")
    advance_to(running.operations.get(), OperationState.IN_PROGRESS)
    ended = approved(alice, bob, "web-04")
    advance_to(ended.operations.get(), OperationState.IN_PROGRESS)
    azure.advance_clock(61)
    advance_to(ended.operations.get(), OperationState.VERIFYING)
    azure.faults("accepted_then_lost", match=POST)
    lost = approved(alice, bob, "web-01")
    advance_to(lost.operations.get(), OperationState.OUTCOME_UNKNOWN)
    queued = approved(alice, bob, "web-03", parameters=SECRET)
    all_of_them = [running, ended, lost, queued]
    before = [reimage_request.operations.get().state for reimage_request in all_of_them]
    revoke(settings)
    for reimage_request in all_of_them:
        operation = reimage_request.operations.get()
        for hours in (0, 5):
            age(operation, timedelta(hours=hours))
            assert advance(operation).note["code"] == "identity_refused"
    assert [found.operations.get().state for found in all_of_them] == [*before[:3], OperationState.PREFLIGHT]
    assert SealedSecret.objects.count() == 1
    azure.advance_clock(5 * 3_600)
    repair(settings)
    for reimage_request in all_of_them:
        assert run(reimage_request, azure).state == RequestState.COMPLETED
    assert len(accepted_posts(azure)) == 4


@pytest.mark.parametrize("status", [401, 403])
def test_a_refused_look_at_a_running_operation_proves_nothing(
    azure: SandboxProcess, alice: User, bob: User, status: int
) -> None:
    reimage_request = approved(alice, bob, "web-02")
    operation = advance_to(reimage_request.operations.get(), OperationState.IN_PROGRESS)
    azure.faults("status", match=POLL, status=status)
    code = "identity_refused" if status == 401 else "azure_forbids"
    assert note_of(advance(operation)) == (OperationState.IN_PROGRESS, code)
    assert operation.note["params"]["status"] == status
    assert run(reimage_request, azure).state == RequestState.COMPLETED


def test_a_401_to_the_post_is_queued_again_and_burns_nothing(azure: SandboxProcess, alice: User, bob: User) -> None:
    reimage_request = approved(alice, bob, "web-02", parameters=SECRET)
    azure.faults("status", match=POST, status=401, code="InvalidAuthenticationToken", times=2)
    for _ in range(2):
        operation = advance(reimage_request.operations.get())
        assert note_of(operation) == (OperationState.QUEUED, "identity_refused")
        assert (operation.attempt, SealedSecret.objects.count()) == (0, 1)
    assert run(reimage_request, azure).state == RequestState.COMPLETED
    assert (len(posts(azure)), len(accepted_posts(azure))) == (3, 1)


def test_a_401_to_the_patch_is_made_again_and_burns_nothing(azure: SandboxProcess, alice: User, bob: User) -> None:
    reimage_request = approved(alice, bob, "web-03", change=DeleteOptionChange.DETACH)
    azure.faults("status", match=PATCH, status=401, code="InvalidAuthenticationToken", times=6)
    for _ in range(6):
        operation = advance(reimage_request.operations.get())
        assert note_of(operation) == (OperationState.SETTING_DELETE_OPTION, "identity_refused")
    assert run(reimage_request, azure).state == RequestState.COMPLETED


def test_the_alarm_is_raised_once_told_once_and_clears_by_itself(
    azure: SandboxProcess,
    alice: User,
    bob: User,
    dan: User,
    carol: User,
    settings: Any,
    caplog: pytest.LogCaptureFixture,
) -> None:
    first, second = approved(alice, bob, "web-01"), approved(alice, bob, "web-02")
    Notice.objects.all().delete()
    revoke(settings)
    advance(first.operations.get())
    tasks.sweep()
    assert [alarm.kind for alarm in execution_alarms()] == ["azure_refuses"]
    assert "execution.alarm_raised" in caplog.text
    advance(second.operations.get())
    tasks.sweep()
    assert Notice.objects.filter(kind="execution_alarm").count() == 1
    assert [message.to for message in mail.outbox] == [["dan@example.com"]]
    assert "Azure refuses the portal itself" in str(mail.outbox[0].body)
    repair(settings)
    advance(first.operations.get())
    tasks.sweep()
    assert ExecutionAlarm.objects.count() == 1  # the other one still waits
    advance(second.operations.get())
    some_time_passes()
    tasks.sweep()
    assert execution_alarms() == []
    actions = AuditEvent.objects.filter(action__startswith="execution_alarm.").order_by("pk")
    assert [event.action for event in actions] == ["execution_alarm.raised", "execution_alarm.cleared"]


def test_a_role_that_was_taken_away_raises_the_same_alarm(azure: SandboxProcess, alice: User, bob: User) -> None:
    operation = approved(alice, bob, "web-02").operations.get()
    azure.faults("status", match={"verb": "GET", "vm": "web-02"}, status=403, code="AuthorizationFailed")
    assert advance(operation).note["code"] == "azure_forbids"
    watch()
    assert ExecutionAlarm.objects.get().kind == "azure_refuses"


def test_a_worker_without_its_key_raises_an_alarm(azure: SandboxProcess, alice: User, bob: User, settings: Any) -> None:
    operation = approved(alice, bob, "web-02", parameters=SECRET).operations.get()
    right, settings.SEALING_PRIVATE_KEY_FILE = settings.SEALING_PRIVATE_KEY_FILE, ""
    advance(operation)
    watch()
    assert ExecutionAlarm.objects.get().kind == "sealing_key_missing"
    settings.SEALING_PRIVATE_KEY_FILE = right
    advance(operation)
    some_time_passes()
    watch()
    assert not ExecutionAlarm.objects.exists()


def test_an_azure_that_is_merely_away_raises_none(azure: SandboxProcess, alice: User, bob: User) -> None:
    operation = approved(alice, bob, "web-02").operations.get()
    azure.faults("status", match={"verb": "GET", "vm": "web-02"}, status=503)
    assert advance(operation).note["code"] == "azure_unavailable"
    watch()
    assert not ExecutionAlarm.objects.exists()


def test_what_was_canceled_no_longer_holds_the_alarm(azure: SandboxProcess, alice: User, bob: User) -> None:
    operation = approved(alice, bob, "web-02").operations.get()
    azure.faults("status", match={"verb": "GET", "vm": "web-02"}, status=401)
    advance(operation)
    watch()
    ReimageOperation.objects.update(state=OperationState.CANCELED)
    some_time_passes()
    watch()
    assert not ExecutionAlarm.objects.exists()


def test_a_trouble_that_comes_and_goes_is_one_alarm_and_one_mail(azure: SandboxProcess, alice: User, bob: User) -> None:
    operation = approved(alice, bob, "web-02").operations.get()
    now = database_now()
    for minute in range(12):
        note = {"code": "azure_forbids", "params": {}} if minute % 2 == 0 else {}
        ReimageOperation.objects.filter(pk=operation.pk).update(note=note)
        alarms.watch_execution(now=now + timedelta(minutes=minute))
    assert ExecutionAlarm.objects.get().raised_at == now
    assert Notice.objects.filter(kind="execution_alarm").count() == 1
    for after, expected in ((timedelta(minutes=14, seconds=59), True), (timedelta(minutes=15), False)):
        alarms.watch_execution(now=now + after)
        assert ExecutionAlarm.objects.exists() is expected


def test_an_alarm_that_is_seen_again_while_it_is_cleared_stays(azure: SandboxProcess) -> None:
    seen_at = database_now() - alarms.CALM
    ExecutionAlarm.objects.create(kind="azure_refuses", raised_at=seen_at, seen_at=seen_at)
    stale = ExecutionAlarm.objects.get()
    ExecutionAlarm.objects.update(seen_at=database_now())
    alarms._clear(AlarmKind.AZURE_REFUSES, stale)
    assert ExecutionAlarm.objects.exists()


def test_a_pause_is_told_to_probes_as_well(dan: User) -> None:
    pausing.pause_execution(administrator=dan, reason="Incident.")
    (found,) = execution_alarms()
    assert (found.kind, found.params) == ("paused", {"reason": "Incident."})
    assert timezone.now() - found.since < timedelta(minutes=1)
    assert isinstance(found, Alarm)
