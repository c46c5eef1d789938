"""What beat rings for, and what a message may never do."""

import os
import pickle
import subprocess
import sys
from types import SimpleNamespace

import pytest
from celery.backends.base import DisabledBackend
from celery.fixups.django import DjangoWorkerFixup
from kombu.exceptions import ContentDisallowed
from kombu.serialization import loads, prepare_accept_content

from portal import celery
from portal.celery import app

SCHEDULE = app.conf.beat_schedule


@pytest.mark.parametrize("entry", SCHEDULE.values(), ids=SCHEDULE)
def test_beat_rings_for_tasks_that_exist(entry: dict[str, object]) -> None:
    app.loader.import_default_modules()
    assert entry["task"] in app.tasks


@pytest.mark.parametrize("entry", SCHEDULE.values(), ids=SCHEDULE)
def test_a_message_that_waited_until_the_next_one_expires(entry: dict[str, dict[str, object]]) -> None:
    assert entry["options"]["expires"] == entry["schedule"]


def test_a_message_is_no_more_than_a_doorbell() -> None:
    """Acknowledged before the work, one for each thread, without results, and nobody commands a worker by it."""
    assert app.conf.task_acks_late is False
    assert app.conf.task_reject_on_worker_lost is not True
    assert app.conf.worker_prefetch_multiplier == 1
    assert app.conf.worker_enable_remote_control is False
    assert app.conf.task_ignore_result is True
    assert isinstance(app.backend, DisabledBackend)
    app.loader.import_default_modules()
    ours = [task for name, task in app.tasks.items() if not name.startswith("celery.")]
    assert {(task.acks_late, task.ignore_result) for task in ours} == {(False, True)}


def test_no_time_limit_is_promised_that_threads_cannot_keep() -> None:
    assert app.conf.task_time_limit is None
    assert app.conf.task_soft_time_limit is None


def test_a_worker_keeps_its_database_connection_from_one_task_to_the_next(monkeypatch: pytest.MonkeyPatch) -> None:
    closed: list[bool] = []
    fixup = DjangoWorkerFixup(app)
    monkeypatch.setattr(fixup, "_close_database", lambda: closed.append(True))
    fixup.close_database()
    assert closed == []


@pytest.mark.parametrize(("is_eager", "expected"), [(False, 2), (True, 0)])
def test_but_not_one_that_broke(monkeypatch: pytest.MonkeyPatch, is_eager: bool, expected: int) -> None:
    looks: list[bool] = []
    monkeypatch.setattr(celery, "close_old_connections", lambda: looks.append(True))
    task = SimpleNamespace(request=SimpleNamespace(is_eager=is_eager))
    for around in (celery.signals.task_prerun, celery.signals.task_postrun):
        assert celery.keep_only_sound_connections in [receiver() for _, receiver in around.receivers]
        celery.keep_only_sound_connections(sender=task)
    assert len(looks) == expected


TELL_WHAT_IS_LOGGED = """
import logging, sys
from portal.celery import app
app.log.setup(loglevel="WARNING")
found = [name for name in sys.argv[1:] if logging.getLogger(name).isEnabledFor(logging.INFO)]
print(*found)
"""


@pytest.mark.parametrize(("level", "told"), [("INFO", "reimage"), ("DEBUG", "reimage celery.beat"), ("WARNING", "")])
def test_the_level_of_a_workers_log_is_the_portals(level: str, told: str) -> None:
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "tests.settings", "LOG_LEVEL": level}
    command = [sys.executable, "-c", TELL_WHAT_IS_LOGGED, "reimage", "celery.beat"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == told


def test_a_worker_without_the_private_key_does_not_start() -> None:
    worker = [sys.executable, "-m", "celery", "--app", "portal", "worker", "--pool", "threads", "--concurrency", "1"]
    blind = {**os.environ, "DJANGO_SETTINGS_MODULE": "tests.settings", "SEALING_PRIVATE_KEY_FILE": ""}
    done = subprocess.run(worker, env=blind, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 1
    assert "The worker cannot start. SEALING_PRIVATE_KEY_FILE is not set" in done.stderr


def test_a_worker_never_gives_up_on_its_broker() -> None:
    assert app.conf.broker_connection_max_retries is None
    assert app.conf.broker_connection_retry_on_startup


@pytest.mark.asvs("V1.5.2")
def test_a_message_that_would_be_unpickled_is_refused() -> None:
    accepted = prepare_accept_content(app.conf.accept_content)
    with pytest.raises(ContentDisallowed):
        loads(pickle.dumps({"operation_id": 1}), "application/x-python-serialize", "binary", accept=accepted)
    assert app.conf.task_serializer == "json"


@pytest.mark.parametrize(("seconds", "told"), [("7", "7"), ("0", "None")])
def test_closed_accounts_are_looked_for_as_often_as_configured(seconds: str, told: str) -> None:
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "tests.settings", "ACCOUNT_CHECK_SECONDS": seconds}
    code = "from portal.celery import app; print(app.conf.beat_schedule.get('accounts', {}).get('schedule'))"
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == told
