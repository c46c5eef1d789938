"""The stream to a SIEM: every sealed event, in order, at least once, whatever is away or dies; nothing personal."""

import hashlib
import json
import socket
from datetime import timedelta
from io import StringIO
from pathlib import Path
from types import SimpleNamespace

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from portal.audit import stream_lines, streaming, tasks
from portal.audit.actors import Actor, Target
from portal.audit.canonical import canonical_bytes
from portal.audit.figures import read
from portal.audit.models import AuditEvent, AuditLeaf, AuditStream
from portal.audit.personal import Personal
from portal.audit.sealing.merkle import leaf_hash
from portal.audit.stream_lines import lines_from
from portal.audit.streaming import stream_sealed_events
from portal.identity.models import User
from tests.audit.sealing.logs import SealedLog
from tests.audit.sealing.tampering import run

Capture = pytest.CaptureFixture[bytes]


@pytest.fixture
def siem(log: SealedLog) -> SealedLog:
    """A log that is streamed to standard output."""
    log.settings.AUDIT_STREAM = "stdout"
    return log


def stream(seconds: int = 0) -> int:
    return stream_sealed_events(now=timezone.now() + timedelta(seconds=seconds))


def told(out: Capture) -> list[dict]:
    return [json.loads(line) for line in out.readouterr().out.splitlines()]


def figures() -> dict[str, float | None]:
    return {figure.name: figure.values.get(()) for figure in read().figures if "stream" in figure.name}


def test_without_a_sink_nothing_leaves(log: SealedLog, capfdbinary: Capture) -> None:
    log.settings.AUDIT_STREAM = ""
    log.grow()
    assert stream() == 0
    assert told(capfdbinary) == []
    assert figures() == {"portal_audit_stream_events_behind": None, "portal_audit_stream_behind_seconds": None}


@pytest.mark.asvs("V16.4.3")
def test_each_sealed_event_is_a_line_with_its_place_and_hash(siem: SealedLog, capsysbinary: Capture) -> None:
    siem.grow(3, detail={"rows": 7})
    siem.record(1)
    assert stream() == 3
    lines = told(capsysbinary)
    assert [line["leaf_index"] for line in lines] == [0, 1, 2]
    assert [line["leaf_hash"] for line in lines] == [bytes(leaf.leaf_hash).hex() for leaf in AuditLeaf.objects.all()]
    assert [leaf_hash(canonical_bytes(line["event"])).hex() for line in lines] == [line["leaf_hash"] for line in lines]
    assert stream() == 3
    assert told(capsysbinary) == []


def test_the_task_that_seals_streams_as_well(siem: SealedLog, capsysbinary: Capture) -> None:
    siem.record(2)
    tasks.seal()
    assert len(told(capsysbinary)) == 2


@pytest.mark.asvs("V16.2.5")
def test_no_personal_text_is_in_it(siem: SealedLog, alice: User, capsysbinary: Capture) -> None:
    siem.grow(1, actor=Actor.person(alice), detail={"comment": Personal("Call my wife.")})
    stream()
    printed = capsysbinary.readouterr().out
    assert b"Aoki" not in printed
    assert b"wife" not in printed
    event = json.loads(printed)["event"]
    assert set(event["detail"]["comment"]) == set(event["actor"]["name"]) == {"personal_sha256"}
    assert event["actor"]["object_id"] == str(alice.object_id)


def test_of_an_event_from_before_texts_were_apart_only_what_is_not_personal_goes(
    siem: SealedLog, capsysbinary: Capture
) -> None:
    (event,) = siem.record(1, actor=Actor.system("Alice Aoki"), target=Target("user", "1", "Alice Aoki"))
    old = canonical_bytes(json.loads(bytes(event.body)) | {"version": 1, "address": "192.0.2.7"})
    run(
        f"UPDATE audit_auditevent SET body = %s, digest = %s WHERE id = {event.pk}",
        parameters=[old, hashlib.sha256(old).hexdigest()],
    )
    siem.seal()
    stream()
    printed = capsysbinary.readouterr().out
    assert b"Aoki" not in printed
    assert b"192.0.2.7" not in printed
    assert json.loads(printed)["event"]["action"] == event.action


@pytest.mark.asvs("V16.4.1")
def test_no_name_can_break_a_line_or_turn_it_round(siem: SealedLog, capsysbinary: Capture) -> None:
    hostile = 'x\n{"leaf_index":7}\r\u2028\u202e\x1b[2J\x85'
    siem.grow(1, target=Target("page", hostile, hostile), detail={"message": hostile})
    stream()
    printed = capsysbinary.readouterr().out
    assert len(printed.decode("ascii").splitlines()) == 1
    assert set(printed[:-1]) <= set(range(0x20, 0x7F))
    assert json.loads(printed)["event"]["target"]["label"] == hostile


def test_a_backlog_beyond_one_call_is_sent_by_the_next_without_a_gap(
    siem: SealedLog, monkeypatch: pytest.MonkeyPatch, capsysbinary: Capture
) -> None:
    monkeypatch.setattr(streaming, "BATCH", 2)
    monkeypatch.setattr(streaming, "BATCHES", 3)
    siem.grow(9)
    assert [stream(), stream(), stream()] == [6, 9, 9]
    assert [line["leaf_index"] for line in told(capsysbinary)] == list(range(9))


def test_of_large_events_few_are_sent_at_a_time(
    siem: SealedLog, monkeypatch: pytest.MonkeyPatch, capsysbinary: Capture
) -> None:
    monkeypatch.setattr(stream_lines, "BYTES", 10_000)
    siem.grow(7, detail={"text": "x" * 4_000})
    siem.grow(1, detail={"text": "x" * 20_000})
    assert [len(lines_from(place, 8, 5)) for place in (0, 6, 7)] == [2, 1, 1]
    assert stream() == 8
    assert [line["leaf_index"] for line in told(capsysbinary)] == list(range(8))


@pytest.mark.asvs("V16.4.3")
def test_a_sink_that_was_away_is_told_everything_later(siem: SealedLog, caplog: pytest.LogCaptureFixture) -> None:
    path = siem.folder / "log"
    siem.settings.AUDIT_STREAM = f"syslog://{path}"
    siem.grow(2)
    assert stream() == 0
    siem.grow(1)
    assert stream() == 0
    assert "audit.not_streamed" in caplog.text
    assert AuditStream.objects.get().failing_since is not None
    assert figures()["portal_audit_stream_events_behind"] == 3
    assert (figures()["portal_audit_stream_behind_seconds"] or -1) >= 0
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as server:
        server.bind(str(path))
        server.settimeout(30)
        assert stream() == 3
        lines = [json.loads(server.recv(65536).partition(b" - event - ")[2]) for _ in range(3)]
    assert [line["leaf_index"] for line in lines] == [0, 1, 2]
    assert [line.get("again", False) for line in lines] == [True, True, True]  # a part may have arrived
    assert AuditStream.objects.get().failing_since is None
    assert figures() == {"portal_audit_stream_events_behind": 0, "portal_audit_stream_behind_seconds": 0}


def test_a_crash_before_the_note_sends_the_lines_again_and_marks_them(
    siem: SealedLog, monkeypatch: pytest.MonkeyPatch, capsysbinary: Capture
) -> None:
    def die(*_: object) -> None:
        raise KeyboardInterrupt

    siem.grow(2)
    with monkeypatch.context() as patch:
        patch.setattr(streaming, "_note_success", die)
        with pytest.raises(KeyboardInterrupt):
            stream()
    siem.grow(1)
    assert stream() == 0  # whoever died may only be slow
    assert stream(seconds=61) == 3
    assert [(line["leaf_index"], line.get("again", False)) for line in told(capsysbinary)] == [
        (0, False),
        (1, False),
        (0, True),
        (1, True),
        (2, False),
    ]


def test_a_slow_sink_is_held_from_batch_to_batch(
    siem: SealedLog, monkeypatch: pytest.MonkeyPatch, capsysbinary: Capture
) -> None:
    """Each takes forty seconds; during the third, eighty after the beginning, another process looks."""
    siem.grow(3)
    monkeypatch.setattr(streaming, "BATCH", 1)
    clock, send, others = [0.0], streaming._send, []

    def slowly(*lines: object, **how: object) -> None:
        send(*lines, **how)
        clock[0] += 40
        if clock[0] == 120:
            others.append(stream(seconds=100))

    monkeypatch.setattr(streaming, "time", SimpleNamespace(monotonic=lambda: clock[0]))
    monkeypatch.setattr(streaming, "_send", slowly)
    assert stream() == 3
    assert others == [2]
    assert [line["leaf_index"] for line in told(capsysbinary)] == [0, 1, 2]


@pytest.mark.parametrize(("ahead", "count"), [(60, 0), (80, 0), (3600, 1)])
def test_a_clock_that_was_set_back_does_not_hold_the_sink(
    siem: SealedLog, capsysbinary: Capture, ahead: int, count: int
) -> None:
    """No clock would hold it for an hour; one of another host may be ahead by some seconds."""
    siem.grow(1)
    now = timezone.now()
    AuditStream.objects.create(sink="stdout", held_until=now + timedelta(seconds=ahead))
    assert stream_sealed_events(now=now) == count
    assert len(told(capsysbinary)) == count


def test_a_crash_before_anything_left_loses_nothing(
    siem: SealedLog, monkeypatch: pytest.MonkeyPatch, capsysbinary: Capture
) -> None:
    def die(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    siem.grow(2)
    with monkeypatch.context() as patch:
        patch.setattr(streaming, "_send", die)
        with pytest.raises(KeyboardInterrupt):
            stream()
    assert stream(seconds=61) == 2
    assert [line["leaf_index"] for line in told(capsysbinary)] == [0, 1]


def test_one_that_was_taken_for_dead_does_not_set_the_sink_back(
    siem: SealedLog, monkeypatch: pytest.MonkeyPatch, capsysbinary: Capture
) -> None:
    siem.grow(2)
    send = streaming._send

    def slowly(*lines: object, **how: object) -> None:
        monkeypatch.setattr(streaming, "_send", send)
        siem.grow(1)
        assert stream(seconds=61) == 3
        send(*lines, **how)

    monkeypatch.setattr(streaming, "_send", slowly)
    stream()
    assert AuditStream.objects.get().told == 3
    assert {line["leaf_index"] for line in told(capsysbinary)} == {0, 1, 2}


def test_an_event_too_long_for_syslog_says_what_it_goes_without(
    siem: SealedLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        siem.settings.AUDIT_STREAM = f"syslog://127.0.0.1:{server.getsockname()[1]}"
        siem.grow(1, target=Target("page", "x" * 9_000, ""), detail={"message": "y" * 9_000})
        siem.grow(1, detail={"message": "z" * 7_000})
        stream()
        connection, _ = server.accept()
        with connection:
            connection.settimeout(30)
            received = b"".join(iter(lambda: connection.recv(65536), b""))
    messages = []
    while received:
        size, _, received = received.partition(b" ")
        messages.append(received[: int(size)])
        received = received[int(size) :]
    first, second = (json.loads(message.partition(b" - event - ")[2]) for message in messages)
    assert (first["left_out"], "detail" in first["event"]) == (["detail", "related", "target"], False)
    assert "left_out" not in second
    assert all(message.startswith(b"<109>1 - ") for message in messages)


def command(*arguments: str) -> str:
    out = StringIO()
    call_command("audit_stream", *arguments, stdout=out)
    return out.getvalue()


def test_the_command_tells_a_sink_again_what_it_lost(siem: SealedLog, capsysbinary: Capture) -> None:
    siem.grow(3)
    assert "stdout has been told up to #0 of 3" in command()
    stream()
    assert "stdout has been told up to #1 of 3" in command("--again-from", "2")
    stream()
    assert [line["leaf_index"] for line in told(capsysbinary)] == [0, 1, 2, 1, 2]
    assert AuditEvent.objects.count() == 3


def test_the_command_says_what_it_cannot_do(siem: SealedLog, tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="must be 1 to 1: 0 events are sealed"):
        command("--again-from", "2")
    siem.settings.AUDIT_STREAM = ""
    with pytest.raises(CommandError, match="AUDIT_STREAM is not set"):
        command()
