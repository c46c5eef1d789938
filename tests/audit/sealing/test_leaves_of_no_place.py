"""A leaf at no place of the tree, which a superuser inserts once the constraints are gone: it hides no event.

It would keep an event from the sealer, as one that is sealed already, and from the verifier, as none that waits.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from io import StringIO

import pytest
import time_machine
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import Client
from django.utils import timezone

from portal.audit.actors import Actor, Target
from portal.audit.models import AuditCheckpoint, AuditEvent, AuditLeaf
from portal.audit.packs import begin_pack
from portal.audit.sealed_exports import begin_sealed_export
from portal.audit.sealing.evidence import leaves_within, newest_note
from portal.audit.sealing.merkle import leaf_hash
from portal.audit.sealing.sealer import SealingRefused
from portal.audit.sealing.status import backlog
from portal.audit.stream_lines import lines_from
from tests.audit.sealing.logs import SealedLog
from tests.audit.sealing.tampering import run
from tests.audit.sealing.test_pages import page

TAMPERED = 2
IS_SQLITE = connection.vendor == "sqlite"
REQUEST = "reimage_request:1"
BEYOND = "there are leaves before the first place or beyond the last checkpoint, of 12 events"
REFUSED = "The stored leaves are not those of the 12 sealed events: run audit_verify."
# SQLite lets no column be without a value that once had to have one, and lets it have one of another type.
NO_PLACES = ["-1", "'x'" if IS_SQLITE else "NULL"]


@contextmanager
def without_constraints() -> Iterator[None]:
    """Of the table of leaves. PostgreSQL has them back with the end of the test's transaction."""
    if IS_SQLITE:
        ignored = ["PRAGMA ignore_check_constraints = ON"]
    else:
        table = "ALTER TABLE audit_auditleaf"
        constraints = ("audit_leaf_counts_from_zero", "audit_auditleaf_pkey")
        ignored = [f"{table} DROP CONSTRAINT IF EXISTS {name}" for name in constraints]
        ignored.append(f"{table} ALTER COLUMN leaf_index DROP NOT NULL")
    with connection.cursor() as cursor:
        for statement in ignored:
            cursor.execute(statement)
        yield
        if IS_SQLITE:
            cursor.execute("PRAGMA ignore_check_constraints = OFF")


def put_leaf_at(place: str, event: AuditEvent) -> None:
    with without_constraints(), connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO audit_auditleaf (leaf_index, event_id, leaf_hash) VALUES ({place}, {event.pk}, %s)",
            [leaf_hash(bytes(event.body))],
        )


@pytest.fixture(params=[timedelta(), timedelta(days=365)], ids=["real", "dated back"])
def hidden(log: SealedLog, story: list[AuditEvent], request: pytest.FixtureRequest) -> AuditEvent:
    """One that is to be kept from the seal, or one that never happened, a year ago."""
    with time_machine.travel(timezone.now() - request.param, tick=False):
        return log.record(1, subject=REQUEST)[0]


@pytest.fixture(params=NO_PLACES)
def below(log: SealedLog, story: list[AuditEvent], request: pytest.FixtureRequest) -> AuditEvent:
    """An event with a leaf below zero, or at what is no place."""
    (event,) = log.record(1, subject=REQUEST)
    put_leaf_at(request.param, event)
    return event


@pytest.mark.parametrize("place", NO_PLACES)
def test_it_is_found(log: SealedLog, hidden: AuditEvent, place: str) -> None:
    put_leaf_at(place, hidden)
    verdict = log.verify()
    assert (verdict.exit_code, BEYOND in verdict.tampered) == (TAMPERED, True)


def test_it_is_found_in_an_empty_log(log: SealedLog) -> None:
    put_leaf_at("-1", log.record(1)[0])
    assert BEYOND.replace("12", "0") in log.verify().tampered
    with pytest.raises(SealingRefused, match="not those of the 0 sealed events"):
        log.seal()


@pytest.mark.parametrize("place", NO_PLACES)
def test_nothing_is_signed_beside_it(log: SealedLog, hidden: AuditEvent, place: str) -> None:
    put_leaf_at(place, hidden)
    log.record(1)
    with pytest.raises(SealingRefused, match=REFUSED):
        log.seal()
    with pytest.raises(SealingRefused, match=REFUSED):
        log.rotate("second")
    assert AuditCheckpoint.objects.count() == 3


@pytest.mark.parametrize("thorough", [False, True])
def test_what_it_hides_waits_and_is_told(log: SealedLog, below: AuditEvent, thorough: bool) -> None:
    """Nothing else has to happen for the alarm."""
    assert backlog().events == 1
    with pytest.raises(SealingRefused, match=REFUSED):
        log.seal(thorough=thorough)


@pytest.mark.parametrize("place", NO_PLACES)
def test_the_page_of_its_event_does_not_say_that_it_is_sealed(auditor: Client, hidden: AuditEvent, place: str) -> None:
    put_leaf_at(place, hidden)
    text = page(auditor, f"/audit/{hidden.event_id}/")
    assert "This event is not sealed yet" in text
    assert "every anchor knows" not in text


@pytest.mark.parametrize("place", NO_PLACES)
def test_sealing_goes_on_once_it_is_removed(log: SealedLog, hidden: AuditEvent, place: str) -> None:
    put_leaf_at(place, hidden)
    run("DELETE FROM audit_auditleaf WHERE leaf_index IS NULL OR leaf_index < 0 OR leaf_index > 11")
    log.grow(1)
    assert log.seal(thorough=True).tree_size == 14
    log.anchor()
    assert log.verify().exit_code == 0
    assert AuditLeaf.objects.filter(leaf_index__gte=12, event=hidden).exists()


@pytest.mark.parametrize("index", [0, 311])
def test_nothing_is_signed_where_an_end_of_the_leaves_is_gone(
    log: SealedLog, story: list[AuditEvent], index: int
) -> None:
    """Though the tree over the others might still lead to the root."""
    log.grow(300)
    run(f"DELETE FROM audit_auditleaf WHERE leaf_index = {index}")
    log.record(1)
    with pytest.raises(SealingRefused, match="not those of the 312 sealed events"):
        log.seal()


def test_no_evidence_holds_what_it_hides(auditor: Client, log: SealedLog, below: AuditEvent) -> None:
    carol = Actor.system("test")
    selection = {"subject": REQUEST}
    export = begin_sealed_export(events=AuditEvent.objects.filter(subject=REQUEST), actor=carol, selection=selection)
    pack = begin_pack(subject=REQUEST, beside=[below.pk], actor=carol, target=Target("request", "1", "1"))
    assert export.places == pack.places == [1, 2, 3, 4]
    assert pack.waiting == 1
    assert AuditEvent.objects.sealed_within(12).count() == 12
    assert [leaf.leaf_index for leaf in leaves_within(AuditLeaf.objects.order_by("pk"), newest_note())] == [*range(12)]
    assert auditor.get(f"/audit/{below.event_id}/proof.jsonl").status_code == 404


def test_the_commands_do_not_write_it(log: SealedLog, below: AuditEvent) -> None:
    with pytest.raises(CommandError, match="not sealed yet"):
        call_command("audit_proof", str(below.event_id))
    out = StringIO()
    call_command("audit_export", "--subject", REQUEST, stdout=out)
    assert len(out.getvalue().splitlines()) == 6
    taken = AuditEvent.objects.get(action="audit_log.exported")
    assert json.loads(bytes(taken.body))["detail"]["rows"] == 4


def test_no_stream_tells_it(below: AuditEvent) -> None:
    """Not even one whose note was set below zero."""
    assert [line.leaf_index for line in lines_from(-5, 12, 500)] == [*range(12)]
