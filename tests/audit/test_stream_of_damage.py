"""What was tampered with is told to a SIEM as such, and keeps nothing else back."""

import pytest
from django.db import connection

from portal.audit import stream_lines
from tests.audit.sealing.logs import SealedLog
from tests.audit.sealing.tampering import run
from tests.audit.test_stream import Capture, stream, told


@pytest.fixture
def streamed(log: SealedLog) -> SealedLog:
    """A log that is streamed to standard output."""
    log.settings.AUDIT_STREAM = "stdout"
    return log


@pytest.mark.parametrize("body", [None, b"[]", b"\xff", b"[" * 100_000])
def test_an_event_that_was_tampered_with_does_not_stop_the_stream(
    streamed: SealedLog, capsysbinary: Capture, body: bytes | None
) -> None:
    first, _ = streamed.grow(2)
    if body is None:
        run(f"DELETE FROM audit_auditevent WHERE id = {first.pk}")
    else:
        run(f"UPDATE audit_auditevent SET body = %s WHERE id = {first.pk}", parameters=[body])
    assert stream() == 2
    assert [line["event"] is None for line in told(capsysbinary)] == [True, False]
    assert stream_lines.Line(0, {"event": None}).encoded(again=False, limit=1) == b'{"event":null}\n'


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity"])
def test_a_line_is_json_to_every_reader(streamed: SealedLog, capsysbinary: Capture, number: str) -> None:
    """Python's own takes what others do not, and writes it again."""
    (event,) = streamed.grow(1, detail={"a": 7})
    run(
        f"UPDATE audit_auditevent SET body = %s WHERE id = {event.pk}",
        parameters=[bytes(event.body).replace(b'{"a":7}', f'{{"a":{number}}}'.encode())],
    )
    assert stream() == 1
    assert [line["event"] for line in told(capsysbinary)] == [None]


@pytest.mark.skipif(connection.vendor != "sqlite", reason="PostgreSQL lets no column hold another type")
def test_a_body_that_became_a_text_keeps_no_other_back(streamed: SealedLog, capsysbinary: Capture) -> None:
    streamed.grow(3)
    run("UPDATE audit_auditevent SET body = CAST(body AS TEXT) WHERE id = (SELECT MIN(id) FROM audit_auditevent)")
    assert stream() == 3
    assert [line["leaf_index"] for line in told(capsysbinary)] == [0, 1, 2]
