"""The doorbell is best effort: a broker that is away neither stops nor holds up anybody."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from celery import Celery, current_app
from django.db import transaction

from portal.celery import app
from portal.identity.models import User
from reimage.domain.operation_states import OperationState
from reimage.models import ReimageOperation
from reimage.services import doorbell
from tests.sandbox_process import SandboxProcess
from tests.stories import approved


@pytest.fixture
def rung(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The ids that were published."""
    ids: list[int] = []
    monkeypatch.setattr(
        doorbell.current_app,
        "send_task",
        lambda name, args, **_: ids.extend(args) if name == doorbell.ADVANCE else None,
    )
    return ids


@pytest.fixture(params=["redis://127.0.0.1:1/0", "amqp://guest@127.0.0.1:1//"])
def dead_broker(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Celery]:
    """An application whose broker nobody listens at, set up as the portal's own."""
    monkeypatch.delenv("CELERY_BROKER_URL", raising=False)  # Celery prefers it to what it is given
    dead = Celery("dead", broker=request.param, set_as_current=False)
    dead.conf.update(task_publish_retry=False, broker_connection_timeout=2)
    dead.conf.broker_transport_options = {"max_retries": 0, "socket_connect_timeout": 2}
    yield dead
    dead.close()


def test_every_thread_rings_the_portals_own_broker() -> None:
    with ThreadPoolExecutor(1) as elsewhere:
        found = elsewhere.submit(current_app._get_current_object).result()
    assert found is app


def test_the_message_names_a_task_that_exists() -> None:
    app.loader.import_default_modules()
    assert doorbell.ADVANCE in app.tasks


@pytest.mark.asvs("V15.2.2", "V16.3.4", "V16.5.2")
def test_a_dead_broker_is_logged_and_nothing_else(
    dead_broker: Celery, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(doorbell, "current_app", dead_broker)
    doorbell.ring([1, 2, 3])
    assert caplog.text.count("doorbell.silent") == 1


def test_an_approval_stands_though_the_bell_is_silent(
    azure: SandboxProcess,
    alice: User,
    bob: User,
    monkeypatch: pytest.MonkeyPatch,
    django_capture_on_commit_callbacks: Any,
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise ConnectionError

    monkeypatch.setattr(doorbell.current_app, "send_task", refuse)
    with django_capture_on_commit_callbacks(execute=True):
        reimage_request = approved(alice, bob, "web-01")
    assert ReimageOperation.objects.get(reimage_request=reimage_request).state == OperationState.QUEUED


def test_it_rings_only_once_the_transaction_is_committed(
    db: None, rung: list[int], django_capture_on_commit_callbacks: Any
) -> None:
    with django_capture_on_commit_callbacks(execute=True), transaction.atomic():
        doorbell.ring_after_commit(number for number in (7, 8))
        assert rung == []
    assert rung == [7, 8]


def test_it_does_not_ring_for_what_was_rolled_back(
    db: None, rung: list[int], django_capture_on_commit_callbacks: Any
) -> None:
    with django_capture_on_commit_callbacks(execute=True), transaction.atomic():
        doorbell.ring_after_commit([7])
        transaction.set_rollback(True)
    assert rung == []
