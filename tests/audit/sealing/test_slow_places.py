"""A place that answers slowly is cut off in time, and keeps one thread at a time."""

import socket
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta

import pytest
from django.utils import timezone
from pytest_django import Settings

from portal.audit import syslog
from portal.audit.holding import HOLD
from portal.audit.models import AuditAnchor
from portal.audit.sealing import anchors, places
from portal.audit.sealing.anchor_file import append_notes
from portal.audit.sealing.anchors import anchor_checkpoints
from tests.audit.sealing.logs import SealedLog

BOUND_SECONDS = 30
HEADERS = b"HTTP/1.1 200 OK\r\nX: "
HANDSHAKE = b"\x16\x03\x03\x40\x00"  # of a TLS record of 16 KiB


@contextmanager
def trickling(beginning: bytes) -> Iterator[tuple[int, threading.Event]]:
    """A server that sends this, then a byte every moment until it is cut off; its port, and whether it was."""
    was_cut = threading.Event()

    def trickle(server: socket.socket) -> None:
        connection, _ = server.accept()
        with connection:
            connection.settimeout(0.05)
            connection.sendall(beginning)
            end = time.monotonic() + BOUND_SECONDS
            while time.monotonic() < end:
                try:
                    if not connection.recv(65536):
                        break
                    connection.sendall(b"x")
                except TimeoutError:
                    connection.sendall(b"x")
                except OSError:
                    break
            else:
                return
            was_cut.set()

    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = threading.Thread(target=trickle, args=(server,), daemon=True)
        thread.start()
        yield server.getsockname()[1], was_cut
        thread.join(2 * BOUND_SECONDS)


@pytest.mark.parametrize(("scheme", "beginning"), [("http", HEADERS), ("http", b""), ("https", HANDSHAKE)])
def test_a_webhook_that_never_ends_its_answer_is_cut_off(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, scheme: str, beginning: bytes
) -> None:
    monkeypatch.setattr(places, "DEADLINE_SECONDS", 0.5)
    with trickling(beginning) as (port, was_cut):
        settings.AUDIT_ANCHOR_WEBHOOK = f"{scheme}://127.0.0.1:{port}/"
        began = time.monotonic()
        with pytest.raises(TimeoutError, match="no answer within"):
            places.tell_webhook(["note\n"])
        assert time.monotonic() - began < BOUND_SECONDS / 2
        assert was_cut.wait(BOUND_SECONDS)
    assert not [thread for thread in threading.enumerate() if isinstance(thread, threading.Timer)]


def test_a_local_syslog_that_takes_each_message_slowly_is_given_up(
    log: SealedLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No message waits for long, but all of them together would."""
    monkeypatch.setattr(syslog, "TIMEOUT_SECONDS", 0.5)
    enough = threading.Event()

    def read_slowly(server: socket.socket) -> None:
        while not enough.wait(0.02):
            server.recv(65536)

    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as server:
        server.bind(str(log.folder / "log"))
        server.settimeout(BOUND_SECONDS)
        thread = threading.Thread(target=read_slowly, args=(server,), daemon=True)
        thread.start()
        began = time.monotonic()
        try:
            with pytest.raises(TimeoutError):
                syslog.send(str(log.folder / "log"), "checkpoint", [b"x"] * 1_000)
            assert time.monotonic() - began < 10  # all of them would take twenty
        finally:
            enough.set()
            thread.join(BOUND_SECONDS)


def test_a_second_round_does_not_wait_at_the_same_place(log: SealedLog, monkeypatch: pytest.MonkeyPatch) -> None:
    rounds: list[dict[str, int]] = []

    def slowly(notes: Sequence[str]) -> None:
        if not rounds:
            rounds.append({})
            rounds.append(log.anchor())  # the next one begins meanwhile
        append_notes(notes)

    monkeypatch.setattr(anchors, "places", lambda: {"webhook": slowly, "file": append_notes})
    log.record(1)
    log.seal()
    assert log.anchor() == {"webhook": 1, "file": 1}
    assert rounds == [{}, {"webhook": 0, "file": 1}]
    assert set(AuditAnchor.objects.values_list("held_until", flat=True)) == {None}


@pytest.mark.parametrize(
    ("ahead", "is_told"),
    [
        (HOLD, False),  # taken this moment
        (HOLD + timedelta(seconds=20), False),  # by a host whose clock is ahead
        (timedelta(seconds=-1), True),  # whoever took it has died
        (timedelta(hours=1), True),  # the clock was set back since
    ],
)
def test_a_hold_ends_by_itself(log: SealedLog, ahead: timedelta, is_told: bool) -> None:
    log.grow(1)
    now = timezone.now()
    AuditAnchor.objects.update(held_until=now + ahead)
    log.record(1)
    log.seal()
    assert anchor_checkpoints(now=now) == {"file": 2 if is_told else 1}
    assert (AuditAnchor.objects.get().held_until is None) == is_told
