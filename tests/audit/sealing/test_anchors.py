"""Anchors: every checkpoint leaves the database, in order and without a gap, whatever was away or broken meanwhile."""

import json
import socket
import threading
from collections.abc import Sequence
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from django.utils import timezone
from structlog.testing import capture_logs

from portal.audit.models import AuditAnchor, AuditCheckpoint
from portal.audit.sealing import anchors, places
from portal.audit.sealing.anchor_file import anchor_line, append_notes, lines_of, read_line
from portal.audit.sealing.checkpoints import Checkpoint, read
from portal.audit.sealing.keys import read_signing_key
from portal.audit.sealing.notes import Signer
from portal.audit.sealing.sealer import SealingRefused
from portal.audit.sealing.status import seal_status
from tests.audit.sealing.logs import SealedLog


def sizes_in(file: Path) -> list[int]:
    with file.open("rb") as stream:
        return [found[0].tree_size for line in lines_of(stream) if (found := read_line(line))]


def test_each_checkpoint_is_a_line_of_the_file_word_for_word(log: SealedLog) -> None:
    log.grow(2)
    log.grow(1)
    notes = [json.loads(line)["note"] for line in log.anchor_file.read_text(encoding="utf-8").splitlines()]
    assert notes == list(AuditCheckpoint.objects.values_list("note", flat=True))
    assert AuditAnchor.objects.get().tree_size == 3


def test_an_outage_is_noted_and_caught_up_without_a_gap(log: SealedLog, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(anchors, "BATCH", 2)
    log.grow()
    file, log.settings.AUDIT_ANCHOR_FILE = log.settings.AUDIT_ANCHOR_FILE, str(log.folder / "missing" / "anchors")
    for _ in range(4):
        log.grow()
    status = seal_status()
    assert (status.sealed_up_to, status.anchored_up_to) == (5, 1)
    assert status.failing_since is not None
    log.settings.AUDIT_ANCHOR_FILE = file
    assert log.anchor() == {"file": 5}
    assert sizes_in(log.anchor_file) == [1, 2, 3, 4, 5]
    assert (seal_status().anchored_up_to, seal_status().failing_since) == (5, None)


def test_a_crash_after_the_file_and_before_the_note_doubles_nothing(
    log: SealedLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    def die(*_: object) -> None:
        raise KeyboardInterrupt

    log.record(1)
    log.seal()
    with monkeypatch.context() as patch:
        patch.setattr(anchors, "_note_success", die)
        with pytest.raises(KeyboardInterrupt):
            log.anchor()
    log.grow()
    assert sizes_in(log.anchor_file) == [1, 2]


def test_a_line_that_a_crash_cut_short_is_written_again(log: SealedLog) -> None:
    log.grow()
    whole = log.anchor_file.read_bytes()
    log.record(1)
    log.seal()
    log.anchor_file.write_bytes(whole + whole[:100])
    log.anchor()
    assert sizes_in(log.anchor_file) == [1, 2]
    assert log.anchor_file.read_bytes().startswith(whole + whole[:100] + b"\n")


def test_what_was_anchored_once_is_not_anchored_again_into_a_new_file(log: SealedLog) -> None:
    """Else a past that was changed would get anchors that agree with it."""
    log.grow()
    log.anchor_file.unlink()
    log.grow()
    assert sizes_in(log.anchor_file) == [2]


def test_nothing_is_signed_while_an_anchor_knows_a_longer_log(log: SealedLog) -> None:
    log.grow()
    log.record(1)
    log.anchor_file.write_bytes(anchor_line(signed_by(log.key_file, 7)))
    with pytest.raises(SealingRefused, match="has 1 sealed events, but its anchors know 7"):
        log.seal()


def signed_by(key_file: Path, size: int) -> str:
    """A checkpoint that this log never had."""
    signer = Signer("localhost/audit", read_signing_key(str(key_file)))
    return Checkpoint(signer.name, size, b"x" * 32, timezone.now()).signed_by(signer)


IMPOSSIBLE_TIME = "0001-01-01T00:00:00.000000+14:00"


@pytest.mark.parametrize("size", [9, 10**30])
def test_a_line_that_nobody_signed_holds_up_neither_sealing_nor_anchoring(log: SealedLog, size: int) -> None:
    log.grow()
    note = AuditCheckpoint.objects.get().note.replace("\n1\n", f"\n{size}\n", 1)
    lines, time = note.split("\n"), note.split("\n")[3]
    with log.anchor_file.open("ab") as file:
        file.write(anchor_line("\n".join(lines)))
        file.write(anchor_line(note.replace(time, f"time {IMPOSSIBLE_TIME}")))
    log.grow()
    assert [found for found in sizes_in(log.anchor_file) if found < 9] == [1, 2]
    assert log.verify().exit_code == 0


def test_a_retired_key_says_nothing_of_what_came_after_it(log: SealedLog) -> None:
    log.grow(2)
    log.rotate("second")
    log.grow(1)
    with log.anchor_file.open("ab") as file:
        file.write(anchor_line(signed_by(log.key_file, 900)))
    log.grow(1)
    verdict = log.verify()
    assert (verdict.exit_code, len(verdict.remarks)) == (0, 1)
    assert "signed by a key for what came after it was replaced" in verdict.remarks[0]
    with log.anchor_file.open("ab") as file:
        file.write(anchor_line(signed_by(log.key_file, 2)))
    assert "anchor of 2 events: the log has another checkpoint" in log.verify().tampered[0]


class _Receiver(BaseHTTPRequestHandler):
    statuses: list[int] = []
    received: list[tuple[str | None, bytes]] = []

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.received.append((self.headers["Authorization"], body))
        self.send_response(self.statuses.pop(0) if self.statuses else 204)
        self.send_header("Location", "http://127.0.0.1:1/")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        return


def test_a_webhook_is_told_again_what_it_did_not_take(log: SealedLog) -> None:
    refusals = [500, 302, 300, 304, 305, 399, 199]
    _Receiver.statuses, _Receiver.received = list(refusals), []
    with HTTPServer(("127.0.0.1", 0), _Receiver) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            log.settings.AUDIT_ANCHOR_WEBHOOK = f"http://127.0.0.1:{server.server_port}/"
            log.settings.AUDIT_ANCHOR_WEBHOOK_TOKEN = "a-token"
            for _ in refusals:
                log.grow()
                assert AuditAnchor.objects.get(place="webhook").tree_size == 0
            assert log.anchor() == {"file": len(refusals), "webhook": len(refusals)}
        finally:
            server.shutdown()
            thread.join()
    authorization, body = _Receiver.received[-1]
    assert authorization == "Bearer a-token"
    assert body == log.anchor_file.read_bytes()


def test_syslog_gets_each_checkpoint_as_a_counted_message(log: SealedLog) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        log.settings.AUDIT_ANCHOR_SYSLOG = f"127.0.0.1:{server.getsockname()[1]}"
        log.grow()
        connection, _ = server.accept()
        with connection:
            connection.settimeout(30)
            count, _, message = b"".join(iter(lambda: connection.recv(65536), b"")).partition(b" ")
    assert int(count) == len(message)
    assert message.startswith(b"<109>1 - ")
    assert message.endswith(log.anchor_file.read_bytes().rstrip(b"\n"))


def test_syslog_may_be_a_local_socket(log: SealedLog) -> None:
    path = str(log.folder / "log")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as server:
        server.bind(path)
        server.settimeout(30)
        log.settings.AUDIT_ANCHOR_SYSLOG = path
        log.grow()
        assert server.recv(65536).endswith(log.anchor_file.read_bytes().rstrip(b"\n"))


def test_a_place_that_is_away_does_not_hold_up_another(log: SealedLog) -> None:
    log.settings.AUDIT_ANCHOR_SYSLOG = str(log.folder / "nowhere")
    assert set(places.places()) == {"file", "syslog"}
    log.record(1)
    log.seal()
    assert anchors.anchor_checkpoints(now=timezone.now()) == {"file": 1, "syslog": 0}
    assert seal_status().anchored_up_to == 0


def test_a_place_that_is_away_for_an_hour_raises_the_alarm_and_misses_nothing(
    log: SealedLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A round a minute; the webhook is away for sixty of them, the file is not."""
    began, told, is_away = timezone.now(), [], True

    def tell(notes: Sequence[str]) -> None:
        if is_away:
            raise places.PlaceProblem("the webhook answered 503")
        told.extend(read(note)[0].tree_size for note in notes)

    monkeypatch.setattr(anchors, "places", lambda: {"file": append_notes, "webhook": tell})
    with capture_logs() as lines:
        for minute in range(60):
            log.record(1)
            log.seal()
            anchors.anchor_checkpoints(now=began + timedelta(minutes=minute))
    failures = [(line["log_level"], line["problem"]) for line in lines if line["event"] == "audit.not_anchored"]
    assert failures == [("error", "the webhook answered 503")] * 60
    assert (seal_status().anchored_up_to, seal_status().failing_since) == (0, began)
    is_away = False
    assert anchors.anchor_checkpoints(now=began + timedelta(hours=1)) == {"file": 60, "webhook": 60}
    assert told == sizes_in(log.anchor_file) == list(range(1, 61))
    assert (seal_status().anchored_up_to, seal_status().failing_since) == (60, None)
    assert log.verify().exit_code == 0


@pytest.mark.parametrize(
    "before",
    [
        b"Nov 29 04:00:01 host reimage-portal: ",
        b"<110>1 2026-11-29T04:00:01Z host {reimage} 7 checkpoint - \xef\xbb\xbf",
    ],
)
def test_the_lines_of_a_syslog_are_anchors_as_they_are(log: SealedLog, tmp_path: Path, before: bytes) -> None:
    log.grow(2)
    log.grow(2)
    lines = log.anchor_file.read_bytes().splitlines(keepends=True)
    (tmp_path / "messages").write_bytes(
        b"".join([b"Nov 29 04:00:00 host cron: unrelated\n", *(before + line for line in lines)])
    )
    verdict = log.verify(anchors=tmp_path / "messages")
    assert (verdict.exit_code, verdict.anchored, len(verdict.remarks)) == (0, 4, 1)
