"""Thirty-two writers, some of whom roll back, while the sealer is killed over and over: every event gets one place."""

import os
import random
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from django.db import connection, connections, transaction
from django.utils import timezone

from portal.audit.models import AuditEvent, AuditLeaf
from tests.audit.events import record_event
from tests.audit.sealing.logs import SealedLog

WRITERS, KILLS = 32, 4
PAUSE_SECONDS = 0.2  # between two events of one writer
LIMIT_SECONDS = 60  # of anything that is waited for
SEALER = """
import sys
import django; django.setup()
from django.conf import settings
from django.db import connection
from django.utils import timezone
from portal.audit.sealing.sealer import seal_audit_log
settings.AUDIT_SIGNING_KEY_FILE, settings.AUDIT_ANCHOR_FILE = {key!r}, {anchors!r}
connection.settings_dict["NAME"] = {database!r}
print("ready", flush=True)
sys.stdin.readline()
while True:
    if seal_audit_log(now=timezone.now()).added:
        print("sealed", flush=True)
"""
Process = subprocess.Popen[str]


class Writer(threading.Thread):
    """Writes until it is told to stop, and takes some of it back; `failure` is what it met with.

    `connected` once it has its session, or will have none: thirty-two that ask for one at once on a busy machine are
    too slow for a connection's timeout.
    """

    def __init__(self, number: int, stop: threading.Event) -> None:
        super().__init__(name=f"writer {number}", daemon=True)
        self._number, self._stop_writing = number, stop
        self._chance = random.Random(number)  # noqa: S311  # the same story in every run
        self.connected = threading.Event()
        self.failure: BaseException | None = None

    def stop_all(self) -> None:
        self._stop_writing.set()

    def run(self) -> None:
        try:
            connection.ensure_connection()
            self.connected.set()
            while not self._stop_writing.is_set():
                with transaction.atomic():
                    record_event(detail={"writer": self._number})
                    transaction.set_rollback(self._chance.random() < 0.3)
                self._stop_writing.wait(PAUSE_SECONDS)
        except BaseException as err:
            self.failure = err
        finally:
            self.connected.set()
            connections.close_all()


@pytest.fixture
def sealers(log: SealedLog) -> Iterator[list[Process]]:
    """Processes over the test's database that are set up all at once, and seal for ever once they are told to."""
    program = SEALER.format(
        key=str(log.key_file), anchors=str(log.anchor_file), database=connection.settings_dict["NAME"]
    )
    root = Path(__file__).resolve().parents[3]
    options: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True, "cwd": root}
    environment = os.environ | {"DJANGO_SETTINGS_MODULE": "tests.settings"}
    with ExitStack() as stack:
        started = []
        for _ in range(KILLS):
            process: Process = subprocess.Popen([sys.executable, "-c", program], env=environment, **options)
            stack.enter_context(process)
            stack.callback(process.kill)
            started.append(process)
        for process in started:
            assert said(process) == "ready\n"
        yield started


@pytest.fixture
def writers(sealers: list[Process]) -> Iterator[list[Writer]]:
    """At work; whatever becomes of the test, they end with it."""
    stop = threading.Event()
    started = [Writer(number, stop) for number in range(WRITERS)]
    try:
        for writer in started:
            writer.start()
            assert writer.connected.wait(LIMIT_SECONDS), writer.name
        yield started
    finally:
        stop.set()


def said(process: Process) -> str:
    """Its next line; empty if it ends, as it must when it takes too long."""
    assert process.stdout is not None
    late = threading.Timer(LIMIT_SECONDS, process.kill)
    late.start()
    try:
        return process.stdout.readline()
    finally:
        late.cancel()


def kill_when_it_has_sealed(process: Process) -> None:
    """Lets a sealer begin, waits for its first seal, and ends it as the kernel would."""
    assert process.stdin is not None
    process.stdin.write("begin\n")
    process.stdin.flush()
    assert said(process) == "sealed\n"
    process.send_signal(signal.SIGKILL)
    process.wait(timeout=LIMIT_SECONDS)


@pytest.mark.skipif(connection.vendor != "postgresql", reason="a test's SQLite is in no other process's sight")
@pytest.mark.django_db(transaction=True)
def test_no_event_is_lost_doubled_or_invented(log: SealedLog, sealers: list[Process], writers: list[Writer]) -> None:
    for sealer in sealers:
        record_event()  # so that it has something to seal, however far the writers are
        kill_when_it_has_sealed(sealer)
    assert [writer.failure for writer in writers if writer.failure] == [], "not all still wrote when the last one died"
    writers[0].stop_all()
    for writer in writers:
        writer.join(timeout=LIMIT_SECONDS)
    assert [writer.name for writer in writers if writer.is_alive()] == []
    assert [writer.failure for writer in writers if writer.failure] == []
    log.seal(thorough=True)
    log.anchor()
    count = AuditEvent.objects.count()
    assert count > KILLS
    assert list(AuditLeaf.objects.order_by("leaf_index").values_list("leaf_index", flat=True)) == list(range(count))
    assert set(AuditLeaf.objects.values_list("event_id", flat=True)) == set(
        AuditEvent.objects.values_list("pk", flat=True)
    )
    verdict = log.verify(now=timezone.now())
    assert (verdict.exit_code, verdict.sealed, verdict.anchored) == (0, count, count)
