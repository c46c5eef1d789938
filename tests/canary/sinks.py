"""Everything that a secret could leak into, read whole, by name."""

import logging
from collections.abc import Iterator
from http import HTTPStatus
from io import BytesIO
from pathlib import Path
from zipfile import ZipFile

import pytest
from django.conf import settings
from django.core import mail
from django.db import connection
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from redis import Redis

from portal.audit.models import AuditEvent
from portal.audit.stream_lines import lines_from
from portal.identity.models import Session, User
from reimage.models import ReimageOperation, ReimageRequest
from reimage.services import notification
from tests.audit.sealing.logs import SealedLog
from tests.canary.spellings import leaks
from tests.cast import CAROL, client_of, make_user

MANY = 10_000
MOST_EVENT_PAGES = 4


class Sinks:
    """Seals, sends the mails that wait, then reads. Besides the pages there are the answers that a test hands over."""

    def __init__(self, caplog: pytest.LogCaptureFixture, log: SealedLog) -> None:
        caplog.set_level(logging.DEBUG)
        self._caplog, self._log = caplog, log
        self._answers: list[bytes] = []

    def answered(self, response: HttpResponse) -> HttpResponse:
        """Counts the page, its headers and its cookies among the sinks."""
        self._answers += [response.content, str(response.headers).encode(), response.cookies.output().encode()]
        return response

    def read(self) -> dict[str, bytes]:
        notification.send_due_notices(now=timezone.now())
        self._log.seal()
        self._log.anchor()
        return {
            "logs": self._caplog.text.encode(),
            "mails": b" ".join(message.message().as_bytes() for message in mail.outbox) + _mail_texts(),
            "sessions": " ".join(str(session.get_decoded()) for session in Session.objects.all()).encode(),
            "files and broker": b" ".join([*(file.read_bytes() for file in _files()), *_messages()]),
            "audit exports": _export("audit:export") + _export("audit:export-jsonl"),
            "audit stream": b" ".join(line.encoded(again=False) for line in lines_from(0, MANY, MANY)),
            "anchors": Path(settings.AUDIT_ANCHOR_FILE).read_bytes(),
            "evidence packs": b" ".join(_packs()),
            "pages of everything": b" ".join(_pages()),
            "database": b" ".join(_cells()),
            "answers": b" ".join(self._answers),
        }

    def assert_clean(self) -> None:
        assert leaks(self.read()) == []


def _mail_texts() -> bytes:
    """Before a mail is encoded for its way."""
    return " ".join(f"{message.subject} {message.body} {message.alternatives}" for message in mail.outbox).encode()


def _files() -> Iterator[Path]:
    """Messages of the filesystem broker, and whatever else a process keeps under VAR_DIR."""
    return (file for file in settings.VAR_DIR.rglob("*") if file.is_file())


def _messages() -> Iterator[bytes]:
    """What waits in Redis, where that is the broker."""
    if settings.CELERY_BROKER_URL.startswith("redis"):
        with Redis.from_url(settings.CELERY_BROKER_URL) as broker:
            for queue in broker.scan_iter(_type="list"):
                yield from broker.lrange(queue, 0, -1)


def _auditor() -> Client:
    return client_of(User.objects.filter(object_id=CAROL.object_id).first() or make_user(CAROL))


def _export(route: str) -> bytes:
    """The audit log as an auditor takes it away."""
    return _whole(_auditor().get(reverse(route)))


def _whole(response: HttpResponse) -> bytes:
    """What was answered, which must be what was asked for: a refusal would hide a leak."""
    assert response.status_code == HTTPStatus.OK, response.content[:500]
    return b"".join(response.streaming_content) if response.streaming else response.content


def _packs() -> Iterator[bytes]:
    """Each request's evidence, unpacked."""
    for pk in ReimageRequest.objects.exclude(submitted_at=None).values_list("pk", flat=True):
        content = _whole(_auditor().get(reverse("reimage:request-evidence", args=[pk])))
        with ZipFile(BytesIO(content)) as pack:
            yield from (pack.read(name) for name in pack.namelist())


def _pages() -> Iterator[bytes]:
    """What an auditor, who may read everything, is shown of requests, operations and events."""
    auditor = _auditor()
    addresses = [reverse(route) for route in ("reimage:requests", "reimage:attention", "audit:events")]
    for operation in ReimageOperation.objects.exclude(reimage_request__submitted_at=None):
        request_id = operation.reimage_request_id
        addresses += [
            reverse("reimage:request", args=[request_id]),
            reverse("reimage:operation", args=[request_id, operation.pk]),
        ]
    events = AuditEvent.objects.order_by("-pk")[:MOST_EVENT_PAGES]
    addresses += [reverse("audit:event", args=[event.event_id]) for event in events]
    return (_whole(auditor.get(address)) for address in addresses)


def _cells() -> Iterator[bytes]:
    """Every column of every row."""
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f"SELECT * FROM {connection.ops.quote_name(table)}")  # noqa: S608  # the tables' own names
            for row in cursor.fetchall():
                for value in row:
                    yield bytes(value) if isinstance(value, bytes | memoryview) else str(value).encode()
