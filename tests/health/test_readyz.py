"""/readyz names what is wrong, in numbers alone, and costs the same however much there is."""

import json
from datetime import timedelta

import pytest
import time_machine
from django.db import OperationalError, connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from pytest_django import Settings

from portal.health import broker, report, signs
from portal.health.models import DutyRun, Heartbeat, ProcessRole
from portal.identity.models import User
from reimage.domain.operation_states import OperationState
from reimage.models import ExecutionPause, ReimageBreaker, ReimageOperation
from reimage.services import leases
from tests.audit.events import record_event
from tests.health.signs_of_life import all_is_well, done, process, swept
from tests.pages.rows import reimage_request, virtual_machine

HOUR = 3_600

pytestmark = pytest.mark.django_db


def failing(client: Client) -> set[str]:
    """The names of the checks that do not hold; the status agrees with them."""
    response = client.get("/readyz")
    body = response.json()
    found = {check["name"] for check in body["checks"] if not check["ok"]}
    assert body["ready"] == (not found)
    assert response.status_code == (503 if found else 200)
    return found


def test_all_is_well(client: Client) -> None:
    all_is_well()
    assert failing(client) == set()


def test_without_any_sign_of_life_each_missing_one_is_named(client: Client) -> None:
    assert failing(client) == {"worker_alive", "worker_hearing", "beat_publishing", "sweep"}


def test_a_worker_that_lives_but_hears_nothing_is_named(client: Client) -> None:
    all_is_well()
    Heartbeat.objects.filter(role=ProcessRole.WORKER).delete()
    process(ProcessRole.WORKER, silent=61)
    assert failing(client) == {"worker_hearing"}


def test_a_worker_that_never_heard_is_deaf_only_after_a_while(client: Client) -> None:
    process(ProcessRole.BEAT)
    swept()
    young = process(ProcessRole.WORKER, silent=None, started=20)
    assert failing(client) == set()
    Heartbeat.objects.filter(pk=young.pk).update(started_at=timezone.now() - timedelta(seconds=90))
    assert failing(client) == {"worker_hearing"}


def test_one_deaf_worker_is_found_among_others_that_hear(client: Client) -> None:
    all_is_well()
    process(ProcessRole.WORKER, silent=110)
    assert failing(client) == set()  # of two workers each waits longer for its turn
    process(ProcessRole.WORKER, silent=200)
    assert failing(client) == {"worker_hearing"}


def test_a_worker_is_not_called_deaf_while_nothing_is_published(client: Client) -> None:
    process(ProcessRole.WORKER, silent=90)
    process(ProcessRole.BEAT, silent=90)
    swept(90)
    assert failing(client) == {"beat_publishing", "sweep"}


def test_a_dead_worker_is_not_counted(client: Client) -> None:
    all_is_well()
    Heartbeat.objects.filter(role=ProcessRole.WORKER).update(seen_at=timezone.now() - timedelta(seconds=31))
    assert failing(client) == {"worker_alive", "worker_hearing"}


def test_signs_of_a_time_to_come_are_none(client: Client) -> None:
    """The database's clock was set back by an hour, and all of them died meanwhile."""
    for role in (ProcessRole.WORKER, ProcessRole.BEAT):
        process(role, unseen=-HOUR, silent=-HOUR)
    swept(-HOUR)
    assert failing(client) == {"worker_alive", "worker_hearing", "beat_publishing", "sweep"}
    all_is_well()
    assert failing(client) == set()


def test_a_worker_that_never_heard_is_deaf_whenever_it_says_that_it_began(client: Client) -> None:
    all_is_well()
    process(ProcessRole.WORKER, started=-HOUR, silent=None)
    assert failing(client) == {"worker_hearing"}


def test_work_that_waits_too_long_is_named(client: Client, alice: User) -> None:
    all_is_well()
    due(alice, seconds=121)
    assert failing(client) == {"oldest_due"}


def test_work_that_somebody_is_at_does_not_wait(client: Client, alice: User) -> None:
    all_is_well()
    held = due(alice, seconds=600)
    ReimageOperation.objects.filter(pk=held.pk).update(lease_until=timezone.now() + timedelta(seconds=20))
    assert failing(client) == set()


def test_work_that_waits_for_a_person_waits_for_no_worker(client: Client, alice: User) -> None:
    all_is_well()
    held = due(alice, seconds=600)
    ExecutionPause.objects.create(pk=ExecutionPause.SINGLETON, paused_at=timezone.now(), reason="Incident.")
    assert failing(client) == set()
    ExecutionPause.objects.update(paused_at=None)
    assert failing(client) == {"oldest_due"}
    subscription = held.resource_key.split("/")[2]
    ReimageBreaker.objects.create(subscription_id=subscription, tripped_at=timezone.now())
    assert failing(client) == set()
    ReimageBreaker.objects.update(subscription_id="another")
    assert failing(client) == {"oldest_due"}


def test_what_azure_is_at_is_followed_whatever_is_paused(client: Client, alice: User) -> None:
    all_is_well()
    ReimageOperation.objects.filter(pk=due(alice, seconds=600).pk).update(state=OperationState.IN_PROGRESS)
    ExecutionPause.objects.create(pk=ExecutionPause.SINGLETON, paused_at=timezone.now(), reason="Incident.")
    assert failing(client) == {"oldest_due"}


def test_a_dead_broker_is_named(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    all_is_well()
    monkeypatch.setattr(broker.BrokerProbe, "answers", lambda _self: False)
    assert failing(client) == {"broker"}


def test_a_dead_database_is_named_and_nothing_else_is_claimed(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse() -> None:
        raise OperationalError("the password of the portal is hunter2")

    monkeypatch.setattr(report, "readers", lambda: [refuse])
    monkeypatch.setattr(report.connection, "close", lambda: None)  # the test's own
    response = client.get("/readyz")
    assert response.status_code == 503
    assert [check["name"] for check in response.json()["checks"]] == ["database", "broker"]
    assert b"hunter2" not in response.content


def test_it_tells_numbers_and_no_names(client: Client, alice: User) -> None:
    all_is_well()
    due(alice, seconds=10)
    text = json.dumps(client.get("/readyz").json())
    for told in ("web-01", "Alice", str(alice.object_id), Heartbeat.objects.first().identity):
        assert told not in text


def test_it_is_not_kept_in_any_cache_and_asks_for_no_sign_in(client: Client) -> None:
    response = client.get("/readyz")
    assert response["Cache-Control"] == "no-store"
    assert response.status_code == 503


def test_it_costs_the_same_for_many_rows(client: Client, alice: User, settings: Settings) -> None:
    settings.AUDIT_PUBLIC_KEYS = "sealed"  # so that what waits for the sealer is looked for, by two queries
    all_is_well()
    cheap = queries(client)
    for number in range(30):
        process(ProcessRole.WORKER)
        due(alice, seconds=10, name=f"vm-{number}")
    assert queries(client) == cheap
    assert cheap <= 16


def queries(client: Client) -> int:
    with CaptureQueriesContext(connection) as captured:
        client.get("/readyz")
    return len(captured)


def test_due_means_what_the_sweeper_means(alice: User) -> None:
    due(alice, seconds=10)
    assert leases.due_operation_ids() == list(leases.due_operations().values_list("pk", flat=True))


def test_a_sweep_leaves_its_sign() -> None:
    from reimage import tasks

    tasks.sweep.apply()
    assert DutyRun.objects.get().name == signs.SWEEP


def test_a_sweep_that_was_only_begun_is_none(client: Client) -> None:
    all_is_well()
    DutyRun.objects.update(ended_at=None, taken_at=timezone.now())
    assert failing(client) == {"sweep"}


def due(alice: User, *, seconds: float, name: str = "web-01") -> ReimageOperation:
    """An operation that has been due for so long."""
    made = reimage_request(alice, virtual_machine(name))
    operation = made.operations.get()
    next_at = timezone.now() - timedelta(seconds=seconds)
    ReimageOperation.objects.filter(pk=operation.pk).update(state=OperationState.QUEUED, next_at=next_at)
    return operation


def test_accounts_that_nobody_can_look_up_any_more_are_named(client: Client, settings: Settings) -> None:
    all_is_well()
    settings.ACCOUNT_CHECK_SECONDS = 60
    assert failing(client) == {"account_check"}  # nobody ever did, and the worker runs for an hour
    Heartbeat.objects.update(started_at=timezone.now() - timedelta(seconds=30))
    assert failing(client) == set()  # it has just begun
    done("accounts", age=200)
    assert failing(client) == set()
    done("accounts", age=300)
    assert failing(client) == {"account_check"}
    settings.ACCOUNT_CHECK_SECONDS = 0
    assert failing(client) == set()


def test_an_event_that_waits_for_the_sealer_is_named(client: Client, settings: Settings) -> None:
    all_is_well()
    settings.AUDIT_PUBLIC_KEYS = "sealed"
    assert failing(client) == set()
    with time_machine.travel(timezone.now() - timedelta(seconds=90), tick=False):
        record_event()
    assert failing(client) == {"audit_sealed"}
    settings.READY_SILENCE_SECONDS = 120
    assert failing(client) == set()
