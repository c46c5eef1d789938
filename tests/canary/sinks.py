"""Everything that a secret could leak into, read whole, by name."""

import logging
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings
from django.core import mail
from django.db import connection
from django.http import HttpResponse
from django.urls import reverse
from django.utils import timezone
from redis import Redis

from portal.identity.models import Session, User
from reimage.services import notification
from tests.canary.spellings import leaks
from tests.cast import CAROL, client_of, make_user


class Sinks:
    """Sends the mails that wait, then reads. Answers of pages are those that a test hands over."""

    def __init__(self, caplog: pytest.LogCaptureFixture) -> None:
        caplog.set_level(logging.DEBUG)
        self._caplog = caplog
        self._answers: list[bytes] = []

    def answered(self, response: HttpResponse) -> HttpResponse:
        """Counts the page, its headers and its cookies among the sinks."""
        self._answers += [response.content, str(response.headers).encode(), response.cookies.output().encode()]
        return response

    def read(self) -> dict[str, bytes]:
        notification.send_due_notices(now=timezone.now())
        return {
            "logs": self._caplog.text.encode(),
            "mails": b" ".join(message.message().as_bytes() for message in mail.outbox) + _mail_texts(),
            "sessions": " ".join(str(session.get_decoded()) for session in Session.objects.all()).encode(),
            "files and broker": b" ".join([*(file.read_bytes() for file in _files()), *_messages()]),
            "audit export": _export(),
            "database": b" ".join(_cells()),
            "pages": b" ".join(self._answers),
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


def _export() -> bytes:
    """The audit log as an auditor takes it away."""
    auditor = User.objects.filter(object_id=CAROL.object_id).first() or make_user(CAROL)
    return b"".join(client_of(auditor).get(reverse("audit:export")).streaming_content)


def _cells() -> Iterator[bytes]:
    """Every column of every row."""
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f"SELECT * FROM {connection.ops.quote_name(table)}")  # noqa: S608  # the tables' own names
            for row in cursor.fetchall():
                for value in row:
                    yield bytes(value) if isinstance(value, bytes | memoryview) else str(value).encode()
