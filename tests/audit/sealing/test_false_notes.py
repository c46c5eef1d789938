"""Somebody who may write to the database alters the notes of who was told what: the file is told all the same."""

import json
from collections.abc import Sequence
from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import call_command
from django.db import connection
from django.utils import timezone
from pytest_django import Settings
from structlog.testing import capture_logs

from portal.audit.models import AuditAnchor, AuditEvent, AuditStream
from portal.audit.sealing import anchors
from portal.audit.sealing.anchor_file import append_notes
from portal.audit.sealing.checkpoints import read
from portal.audit.sealing.status import places_told, seal_status
from portal.audit.streaming import stream_sealed_events
from tests.audit.sealing.logs import SealedLog
from tests.audit.sealing.tampering import cut_tail, run
from tests.audit.sealing.test_alarms import figures, record_at
from tests.audit.sealing.test_anchors import sizes_in

TAMPERED = 2
BEYOND = 9_000_000_000
# Not a note; the note of another; and, as SQLite lets it be, one that is no text.
DAMAGES = ["'nothing'", "(SELECT note FROM audit_auditcheckpoint WHERE tree_size = 1)"]
DAMAGES += ["CAST(note AS BLOB)"] if connection.vendor == "sqlite" else []


def claim(size: int | str) -> None:
    """One UPDATE, which no trigger refuses."""
    run(f"UPDATE audit_auditanchor SET tree_size = {size}")


@pytest.fixture
def webhook(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """A second place; the sizes that it was told, in order."""
    told: list[int] = []

    def tell(notes: Sequence[str]) -> None:
        told.extend(read(note)[0].tree_size for note in notes)

    monkeypatch.setattr(anchors, "places", lambda: {"file": append_notes, "webhook": tell})
    return told


def test_a_note_beyond_the_log_keeps_nothing_from_the_file(log: SealedLog, story: list[AuditEvent]) -> None:
    claim(BEYOND)
    for _ in range(3):
        log.grow(1)
    assert sizes_in(log.anchor_file) == [6, 9, 12, 13, 14, 15]
    assert AuditAnchor.objects.get().tree_size == 15
    assert log.verify().exit_code == 0
    cut_tail(12)
    assert log.verify().exit_code == TAMPERED


def test_a_plausible_note_keeps_nothing_from_the_file(log: SealedLog, story: list[AuditEvent]) -> None:
    for _ in range(3):
        log.record(1)
        log.seal()
        claim("(SELECT MAX(tree_size) FROM audit_auditcheckpoint)")
        log.anchor()
    assert sizes_in(log.anchor_file) == [6, 9, 12, 13, 14, 15]
    cut_tail(12)
    assert log.verify().exit_code == TAMPERED


def test_a_false_note_is_put_right_though_nothing_new_is_sealed(log: SealedLog, story: list[AuditEvent]) -> None:
    claim(BEYOND)
    assert log.anchor() == {"file": 12}
    assert sizes_in(log.anchor_file) == [6, 9, 12]


def test_a_note_beyond_the_log_counts_as_nothing_known(log: SealedLog) -> None:
    """Until the worker comes, and where it does not."""
    began = timezone.now() - timedelta(hours=1)
    for minute in range(3):
        log.record(1)
        log.seal(now=began + timedelta(minutes=minute))
        log.anchor()
    assert (seal_status().anchored_up_to, seal_status().failing_since) == (3, None)
    claim(4)
    assert (seal_status().anchored_up_to, seal_status().failing_since) == (0, began)
    assert figures()["portal_audit_anchor_behind_seconds[file]"] == pytest.approx(3600, abs=60)


def test_a_note_beyond_an_empty_log_counts_as_nothing_known(log: SealedLog) -> None:
    log.anchor()
    claim(BEYOND)
    assert [(place.tree_size, place.behind_since) for place in places_told()] == [(0, None)]


def test_another_place_is_told_everything_again(
    log: SealedLog, webhook: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(5):
        log.grow(1)
    claim(BEYOND)
    monkeypatch.setattr(anchors, "BATCH", 2)
    monkeypatch.setattr(anchors, "BATCHES", 1)
    assert [log.anchor()["webhook"] for _ in range(3)] == [2, 4, 5]
    assert webhook == [1, 2, 3, 4, 5] * 2
    assert sizes_in(log.anchor_file) == [1, 2, 3, 4, 5]


def test_a_place_that_knows_everything_is_left_alone(log: SealedLog, webhook: list[int]) -> None:
    log.grow(2)
    AuditAnchor.objects.filter(place="webhook").update(anchored_at=None)
    assert log.anchor() == {"file": 2, "webhook": 2}
    assert AuditAnchor.objects.get(place="webhook").anchored_at is None
    assert webhook == sizes_in(log.anchor_file) == [2]


def test_a_file_that_cannot_be_read_is_away_though_nothing_new_is_sealed(log: SealedLog, settings: Settings) -> None:
    """Else nobody would know whether it has what the note says."""
    log.grow(1)
    settings.AUDIT_ANCHOR_FILE, file = str(log.folder), log.anchor_file
    log.anchor()
    assert seal_status().failing_since is not None
    settings.AUDIT_ANCHOR_FILE = str(file)
    log.anchor()
    assert seal_status().failing_since is None


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_checkpoint_is_told_to_nobody_and_stops_nobody(
    log: SealedLog, webhook: list[int], damage: str
) -> None:
    """Found by nobody in the file, it would fill it, and drive what was anchored out of its end."""
    log.grow(1)
    log.grow(1)
    run(f"UPDATE audit_auditcheckpoint SET note = {damage} WHERE tree_size = 2")
    AuditAnchor.objects.filter(place="webhook").update(tree_size=0)
    with capture_logs() as lines:
        assert [log.anchor() for _ in range(2)] == [{"file": 2, "webhook": 2}] * 2
    assert log.anchor_file.read_bytes().count(b"\n") == 2
    assert webhook == [1, 2, 1]
    problem = "the checkpoint of 2 events is damaged: run audit_verify"
    assert {(line["event"], line["problem"]) for line in lines} == {("audit.not_anchored", problem)}


def test_a_stream_does_not_believe_a_note_beyond_the_log(
    log: SealedLog, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    log.settings.AUDIT_STREAM = "stdout"
    log.grow(2)
    assert stream_sealed_events(now=timezone.now()) == 2
    run(f"UPDATE audit_auditstream SET told = {BEYOND}")
    log.grow(1)
    with capture_logs() as lines:
        assert stream_sealed_events(now=timezone.now()) == 0
    assert [(line["event"], line["sink"]) for line in lines] == [("audit.not_streamed", "stdout")]
    assert "beyond the log" in lines[0]["problem"]
    assert AuditStream.objects.get().failing_since is not None
    call_command("audit_stream", "--again-from", "3", stdout=StringIO())
    assert stream_sealed_events(now=timezone.now()) == 3
    sent = [json.loads(line)["leaf_index"] for line in capsysbinary.readouterr().out.splitlines()]
    assert sent == [0, 1, 2]
    assert AuditStream.objects.get().failing_since is None


def test_the_figures_of_a_stream_do_not_believe_it_either(log: SealedLog, monkeypatch: pytest.MonkeyPatch) -> None:
    log.settings.AUDIT_STREAM = "stdout"
    record_at(monkeypatch, log, count=2, hours=1)
    log.seal()
    AuditStream.objects.create(sink="stdout", told=3)
    found = figures()
    assert found["portal_audit_stream_events_behind"] == 2
    assert found["portal_audit_stream_behind_seconds"] == pytest.approx(3600, abs=60)


@pytest.mark.parametrize("change", ["moved", "cut", "foreign"])
def test_a_file_that_has_nothing_of_this_log_near_its_end_is_told_the_newest_whatever_the_note_says(
    log: SealedLog, story: list[AuditEvent], change: str
) -> None:
    """As on the first day, after the file was moved away, or under lines that somebody added."""
    if change == "moved":
        log.anchor_file.rename(log.anchor_file.with_name("before.jsonl"))
    elif change == "cut":
        log.anchor_file.write_bytes(b"")
    else:
        log.anchor_file.write_bytes(log.anchor_file.read_bytes() + b"nothing\n" * 10_000)
    log.anchor()  # the log is idle
    assert sizes_in(log.anchor_file)[-1] == 12
    for size in (13, 14):
        log.record(1)
        log.seal()
        claim(size)
        log.anchor()
        assert sizes_in(log.anchor_file)[-1] == size
    cut_tail(12)
    assert log.verify().exit_code == TAMPERED
