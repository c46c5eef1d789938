"""An anchor file that cannot be opened is a place that is away: told loudly, and in nobody else's way."""

import socket
from collections.abc import Callable
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from portal.audit import tasks
from portal.audit.models import AuditAnchor, AuditCheckpoint, AuditStream
from portal.audit.sealing import anchors
from portal.audit.sealing.anchor_file import anchor_line
from portal.audit.sealing.sealer import SealingRefused
from portal.audit.sealing.status import seal_status
from tests.audit.events import record_event
from tests.audit.sealing.logs import SealedLog
from tests.audit.sealing.tampering import cut_tail
from tests.audit.sealing.test_anchors import signed_by, sizes_in

Away = Callable[[Path], None]


def is_a_folder(file: Path) -> None:
    file.rename(file.with_suffix(".away"))
    file.mkdir()


def lies_under_a_file(file: Path) -> None:
    file.parent.rename(file.parent.with_suffix(".away"))
    file.parent.write_bytes(b"")


def is_back(file: Path) -> None:
    if file.is_dir():
        file.rmdir()
        file.with_suffix(".away").rename(file)
    else:
        file.parent.unlink()
        file.parent.with_suffix(".away").rename(file.parent)


@pytest.fixture
def shared(log: SealedLog) -> SealedLog:
    """Its anchor file lies in a folder of its own."""
    (log.folder / "share").mkdir()
    log.settings.AUDIT_ANCHOR_FILE = str(log.folder / "share" / "anchors.jsonl")
    return log


AWAY = pytest.mark.parametrize("away", [is_a_folder, lies_under_a_file])


@AWAY
def test_sealing_the_other_places_and_the_stream_go_on(shared: SealedLog, away: Away) -> None:
    path = str(shared.folder / "syslog")
    shared.grow(1)
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as syslog, capture_logs() as lines:
        syslog.bind(path)
        syslog.settimeout(30)
        shared.settings.AUDIT_ANCHOR_SYSLOG, shared.settings.AUDIT_STREAM = path, f"syslog://{path}"
        away(shared.anchor_file)
        shared.record(1)
        tasks.seal()
        received = b"".join(syslog.recv(65536) for _ in range(4))
    assert AuditCheckpoint.objects.count() == 2
    assert (received.count(b" - checkpoint - "), received.count(b" - event - ")) == (2, 2)
    assert AuditStream.objects.get().told == 2
    assert [(line["event"], line["log_level"]) for line in lines] == [
        ("audit.anchors_not_read", "critical"),
        ("audit.not_anchored", "error"),
    ]
    assert (seal_status().anchored_up_to, seal_status().failing_since is None) == (1, False)


@AWAY
def test_what_it_missed_is_told_once_it_is_back(shared: SealedLog, away: Away) -> None:
    shared.grow(1)
    away(shared.anchor_file)
    for _ in range(3):
        shared.grow(1)
    is_back(shared.anchor_file)
    assert shared.anchor() == {"file": 4}
    assert sizes_in(shared.anchor_file) == [1, 2, 3, 4]
    assert seal_status().failing_since is None
    assert shared.verify().exit_code == 0


def test_a_log_that_was_put_back_meanwhile_is_found_once_the_file_is_back(shared: SealedLog) -> None:
    """By then the database has more events than the file knows: its length alone would say nothing."""
    shared.grow(1)
    shared.grow(1, detail={"message": "what the thief wants gone"})
    is_a_folder(shared.anchor_file)
    cut_tail(1)
    for _ in range(3):
        shared.grow(1)
    is_back(shared.anchor_file)
    shared.record(1)
    with pytest.raises(SealingRefused, match="anchors have another checkpoint of 2 events than the database"):
        shared.seal()
    assert "anchor of 2 events: the log has another checkpoint" in shared.verify().tampered[0]


def test_a_past_that_a_retired_key_signed_anew_holds_nothing_up(log: SealedLog) -> None:
    log.grow(2)
    log.rotate("second")
    with log.anchor_file.open("ab") as file:
        file.write(anchor_line(signed_by(log.key_file, 2)))
    log.record(1)
    assert log.seal().tree_size == 4


def test_a_place_whose_name_is_senseless_does_not_hold_up_another(
    log: SealedLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[str] = []
    log.settings.AUDIT_ANCHOR_SYSLOG = f"{'x' * 70}.example:601"  # too long a label for IDNA, a UnicodeError
    monkeypatch.setattr("portal.audit.sealing.places.tell_webhook", told.extend)
    log.settings.AUDIT_ANCHOR_WEBHOOK = "http://127.0.0.1:1/"
    log.grow(1)
    assert told == [AuditCheckpoint.objects.get().note]
    assert AuditAnchor.objects.get(place="syslog").failing_since is not None


@pytest.mark.parametrize("broken", ["seal_audit_log", "anchor_checkpoints", "stream_sealed_events"])
def test_a_mistake_in_one_part_keeps_no_other_from_its_turn(
    log: SealedLog, monkeypatch: pytest.MonkeyPatch, capfdbinary: pytest.CaptureFixture[bytes], broken: str
) -> None:
    def fail(**_: object) -> None:
        raise RuntimeError("a mistake")

    log.settings.AUDIT_STREAM = "stdout"
    log.record(1)
    log.seal()
    record_event()
    monkeypatch.setattr(tasks, broken, fail)
    with pytest.raises(ExceptionGroup) as caught:
        tasks.seal()
    assert [str(err) for err in caught.value.exceptions] == ["a mistake"]
    sealed = 1 if broken == "seal_audit_log" else 2
    assert AuditCheckpoint.objects.count() == sealed
    assert seal_status().anchored_up_to == (0 if broken == "anchor_checkpoints" else sealed)
    assert AuditStream.objects.filter(told=sealed).exists() == (broken != "stream_sealed_events")


def test_a_call_is_bounded_and_the_next_one_goes_on(log: SealedLog, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(anchors, "BATCH", 1)
    for _ in range(anchors.BATCHES + 1):
        log.record(1)
        log.seal()
    assert log.anchor() == {"file": anchors.BATCHES}
    assert log.anchor() == {"file": anchors.BATCHES + 1}
