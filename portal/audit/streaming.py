"""Streams sealed events to a SIEM: in order, each at least once, whatever was away or died meanwhile.

The intent to send is committed before a line leaves, the note that it left after: a crash between the two sends the
same lines once more, marked `again`. One process at a time; one that died holds the sink for HOLD.
"""

import sys
import time
from collections.abc import Sequence
from datetime import datetime, timedelta

import structlog
from django.conf import settings

from portal.audit import syslog
from portal.audit.holding import HOLD, is_free
from portal.audit.models import AuditStream
from portal.audit.sealing.sealer import sealed_size
from portal.audit.stream_lines import SYSLOG_LIMIT, Line, lines_from

log = structlog.get_logger(__name__)
BATCH = 500  # events a sending
BATCHES = 20  # a call: the next one is due in seconds
SYSLOG = "syslog://"


def sink_name() -> str:
    """stdout or syslog; nothing where AUDIT_STREAM is not set. A syslog that moves goes on where it was."""
    return str(settings.AUDIT_STREAM).partition(":")[0]


def stream_sealed_events(*, now: datetime) -> int:
    """Sends what is sealed and was not sent; returns how many events have been sent in all.

    Where the note claims more than is sealed, somebody altered it, and nothing says what was sent: then nothing is,
    until `stream_again_from` says from where.
    """
    if not sink_name():
        return 0
    stream, _ = AuditStream.objects.get_or_create(sink=sink_name())
    end, begun = sealed_size(), time.monotonic()
    if stream.told > end:
        _note_failure(stream, now, "the note of what was sent is beyond the log: see manage.py audit_stream")
        return 0
    for _ in range(BATCHES):
        lines = lines_from(stream.told, end, BATCH)
        moment = now + timedelta(seconds=time.monotonic() - begun)  # each batch holds the sink from its own beginning
        if not lines or not _take(stream, lines[-1].leaf_index + 1, moment):
            break
        try:
            _send(lines, maybe_sent=stream.sending)
        except OSError as err:
            _note_failure(stream, now, type(err).__name__)
            break
        _note_success(stream, lines[-1].leaf_index + 1)
    return stream.told


def stream_again_from(leaf_index: int) -> None:
    """Sets the sink back, for one that lost what it had been told."""
    AuditStream.objects.update_or_create(sink=sink_name(), defaults={"told": leaf_index, "held_until": None})


def _take(stream: AuditStream, up_to: int, now: datetime) -> bool:
    """Writes the intent; False where another process sends, or has sent these lines meanwhile."""
    ours = AuditStream.objects.filter(is_free(now), pk=stream.pk, told=stream.told, sending=stream.sending)
    return bool(ours.update(sending=max(up_to, stream.sending), held_until=now + HOLD))


def _send(lines: Sequence[Line], *, maybe_sent: int) -> None:
    """Lines below `maybe_sent` may have been sent before."""
    limit = SYSLOG_LIMIT if sink_name() == "syslog" else 0
    encoded = [line.encoded(again=line.leaf_index < maybe_sent, limit=limit) for line in lines]
    if sink_name() == "syslog":
        syslog.send(settings.AUDIT_STREAM.removeprefix(SYSLOG), "event", encoded)
    else:
        sys.stdout.buffer.write(b"".join(encoded))
        sys.stdout.buffer.flush()


def _note_success(stream: AuditStream, told: int) -> None:
    # Nothing where another process took over meanwhile: it has told more.
    AuditStream.objects.filter(pk=stream.pk, told=stream.told).update(told=told, held_until=None, failing_since=None)
    stream.told, stream.sending = told, max(told, stream.sending)


def _note_failure(stream: AuditStream, now: datetime, problem: str) -> None:
    mine = AuditStream.objects.filter(pk=stream.pk)
    mine.update(held_until=None)
    mine.filter(failing_since=None).update(failing_since=now)
    log.error("audit.not_streamed", sink=stream.sink, streamed_up_to=stream.told, problem=problem)
