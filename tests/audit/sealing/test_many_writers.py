"""Thirty-two writers, some of whom roll back, while the sealer is killed over and over: every event gets one place."""

import os
import random
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from django.db import connection, connections, transaction
from django.utils import timezone

from portal.audit.models import AuditEvent, AuditLeaf
from portal.audit.sealing.sealer import ROUND
from tests.audit.events import record_event
from tests.audit.sealing.logs import SealedLog

WRITERS, EVENTS_EACH, KILLS = 32, 12, 4
SEALER = """
import django; django.setup()
from django.conf import settings
from django.db import connection
from django.utils import timezone
from portal.audit.sealing.sealer import seal_audit_log
settings.AUDIT_SIGNING_KEY_FILE, settings.AUDIT_ANCHOR_FILE = {key!r}, {anchors!r}
connection.settings_dict["NAME"] = {database!r}
while True:
    if seal_audit_log(now=timezone.now()).added:
        print("sealed", flush=True)
"""


def write(number: int, failures: list[BaseException]) -> None:
    chance = random.Random(number)  # noqa: S311  # the same story in every run
    try:
        for _ in range(EVENTS_EACH):
            with transaction.atomic():
                record_event(detail={"writer": number})
                transaction.set_rollback(chance.random() < 0.3)
    except BaseException as err:
        failures.append(err)
    finally:
        connections.close_all()


@pytest.fixture
def sealer_program(log: SealedLog) -> list[str]:
    """The command of a sealer that never stops by itself, over the test's database."""
    program = SEALER.format(
        key=str(log.key_file), anchors=str(log.anchor_file), database=connection.settings_dict["NAME"]
    )
    return [sys.executable, "-c", program]


def kill_when_it_has_sealed(command: list[str]) -> None:
    """Starts a sealer, waits for its first seal, and ends it as the kernel would."""
    root = Path(__file__).resolve().parents[3]
    environment = os.environ | {"DJANGO_SETTINGS_MODULE": "tests.settings"}
    with subprocess.Popen(command, cwd=root, env=environment, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "sealed\n"
        process.send_signal(signal.SIGKILL)


@pytest.mark.skipif(connection.vendor != "postgresql", reason="a test's SQLite is in no other process's sight")
@pytest.mark.django_db(transaction=True)
def test_no_event_is_lost_doubled_or_invented(log: SealedLog, sealer_program: list[str]) -> None:
    failures: list[BaseException] = []
    writers = [threading.Thread(target=write, args=(number, failures)) for number in range(WRITERS)]
    for writer in writers:
        writer.start()
    for _ in range(KILLS):
        record_event()  # so that even the last sealer has something to seal
        kill_when_it_has_sealed(sealer_program)
    for writer in writers:
        writer.join()
    assert failures == []
    log.seal(thorough=True)
    log.anchor()
    count = AuditEvent.objects.count()
    assert 0 < count < ROUND
    assert list(AuditLeaf.objects.order_by("leaf_index").values_list("leaf_index", flat=True)) == list(range(count))
    assert set(AuditLeaf.objects.values_list("event_id", flat=True)) == set(
        AuditEvent.objects.values_list("pk", flat=True)
    )
    verdict = log.verify(now=timezone.now())
    assert (verdict.exit_code, verdict.sealed, verdict.anchored) == (0, count, count)
