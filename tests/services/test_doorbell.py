"""The doorbell is best effort: a broker that is away neither stops nor holds up anybody."""

import socket
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from celery import Celery, current_app
from django.db import transaction

from portal.celery import _transport_options, app
from portal.identity.models import User
from reimage.domain.operation_states import OperationState
from reimage.models import ReimageOperation
from reimage.services import doorbell
from tests.sandbox_process import SandboxProcess
from tests.stories import approved

PATIENCE_SECONDS = 60
PUBLISHING = ("task_publish_retry", "task_publish_retry_policy", "broker_connection_timeout", "broker_heartbeat")


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


@pytest.fixture(params=["redis", "amqp"])
def kind(request: pytest.FixtureRequest) -> str:
    """Of broker."""
    return str(request.param)


@pytest.fixture
def broker_at(kind: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[int], Celery]]:
    """An application whose broker is said to be at a port, set up as the portal's own."""
    monkeypatch.delenv("CELERY_BROKER_URL", raising=False)  # Celery prefers it to what it is given
    made: list[Celery] = []

    def make(port: int) -> Celery:
        url = f"{kind}://127.0.0.1:{port}//" if kind == "amqp" else f"{kind}://127.0.0.1:{port}/0"
        there = Celery("there", broker=url, set_as_current=False)
        there.conf.update({name: app.conf[name] for name in PUBLISHING})
        there.conf.broker_transport_options = _transport_options(url, Path())
        made.append(there)
        return there

    yield make
    for there in made:
        there.close()


def test_every_thread_rings_the_portals_own_broker() -> None:
    with ThreadPoolExecutor(1) as elsewhere:
        found = elsewhere.submit(current_app._get_current_object).result()
    assert found is app


def test_the_message_names_a_task_that_exists() -> None:
    app.loader.import_default_modules()
    assert doorbell.ADVANCE in app.tasks


@pytest.mark.asvs("V15.2.2", "V16.3.4", "V16.5.2")
def test_a_dead_broker_is_logged_and_nothing_else(
    broker_at: Callable[[int], Celery], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(doorbell, "current_app", broker_at(1))
    doorbell.ring([1, 2, 3])
    assert caplog.text.count("doorbell.silent") == 1


def test_a_broker_that_accepts_and_says_nothing_holds_nobody_up(
    broker_at: Callable[[int], Celery], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        monkeypatch.setattr(doorbell, "current_app", broker_at(silent.getsockname()[1]))
        ringing = Thread(target=doorbell.ring, args=([1, 2, 3],), daemon=True)
        ringing.start()
        ringing.join(PATIENCE_SECONDS)
        assert not ringing.is_alive()
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
