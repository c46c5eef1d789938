"""Packs for tests: deeds done in sessions that were signed in, and the pack taken apart."""

import html
import io
import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any
from zipfile import ZipFile

from django.contrib.sessions.backends.base import SessionBase
from django.contrib.sessions.backends.signed_cookies import SessionStore
from django.db import transaction
from django.test import Client

from portal.audit.actors import Actor
from portal.audit.context import AuditContext, audit_context
from portal.audit.models import AuditEvent
from portal.audit.services import record
from portal.identity import audit_actions
from portal.identity.models import User


@contextmanager
def signed_in(user: User, authenticated_at: datetime | None = None, session_key: str = "") -> Iterator[AuditEvent]:
    """The person signs in; what happens within the block happens in that session."""
    session: SessionBase = SessionStore(session_key or f"session-of-{user.object_id}")
    with audit_context(AuditContext(address="192.0.2.7", session=session)):
        with transaction.atomic():
            event = record(
                action=audit_actions.SIGNED_IN,
                actor=Actor.person(user),
                detail={"authenticated_at": authenticated_at, "group_ids": []},
            )
        yield event


class TakenPack:
    """A pack as a browser got it."""

    def __init__(self, content: bytes) -> None:
        self.content = content
        self.zip = ZipFile(io.BytesIO(content))
        assert self.zip.testzip() is None
        self.names = self.zip.namelist()

    @classmethod
    def by(cls, browser: Client, request_id: int) -> "TakenPack":
        response = browser.get(f"/requests/{request_id}/evidence.zip")
        assert response.status_code == 200
        return cls(b"".join(response.streaming_content))

    def text(self, name: str) -> str:
        return self.zip.read(name).decode()

    def words(self, language: str = "en") -> str:
        """What a person reads on the page."""
        body = re.sub(r"(?s)<style>.*?</style>", " ", self.text(f"request.{language}.html"))
        return " ".join(html.unescape(re.sub(r"<[^>]*>", " ", body)).split())

    def events(self) -> list[dict[str, Any]]:
        """The bodies of its events."""
        lines = self.text("events.jsonl").split("\n")[1:-2]
        return [json.loads(json.loads(line)["body"]) for line in lines]

    def unpack(self, folder: Path) -> Path:
        self.zip.extractall(folder)
        return folder
