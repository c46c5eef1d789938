"""A sealed log to test against: its key, its anchor file, and the sealer run by hand."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Self

from django.utils import timezone
from pytest_django import Settings

from deploy import audit_key
from portal.audit.actors import Actor
from portal.audit.models import AuditCheckpoint, AuditEvent
from portal.audit.sealing.anchors import anchor_checkpoints
from portal.audit.sealing.checkpoints import Checkpoint, read
from portal.audit.sealing.keys import AFTER_LOSS, signing_key, trusted_keys
from portal.audit.sealing.merkle import leaf_hash
from portal.audit.sealing.notes import Signer
from portal.audit.sealing.rotation import replace_signing_key
from portal.audit.sealing.sealer import Sealed, extend, seal_audit_log
from portal.audit.verification.log import verify_audit_log
from portal.audit.verification.verdict import Verdict
from tests.audit.events import record_event

URL = "http://localhost:8000"


@dataclass
class SealedLog:
    """`public_keys` is what a verifier trusts."""

    folder: Path
    settings: Settings
    key_file: Path
    public_key: str

    @classmethod
    def in_folder(cls, folder: Path, settings: Settings) -> Self:
        key_file = folder / "audit-signing.pem"
        audit_key.make_private_key(key_file)
        public_key = audit_key.public_key_of(key_file, URL)
        settings.AUDIT_SIGNING_KEY_FILE = str(key_file)
        settings.AUDIT_PUBLIC_KEYS = public_key
        settings.AUDIT_ANCHOR_FILE = str(folder / "audit-anchors.jsonl")
        return cls(folder, settings, key_file, public_key)

    @property
    def anchor_file(self) -> Path:
        return Path(self.settings.AUDIT_ANCHOR_FILE)

    def record(self, count: int = 1, **parts: Any) -> list[AuditEvent]:
        return [record_event(**parts) for _ in range(count)]

    def seal(self, *, now: datetime | None = None, thorough: bool = False) -> Sealed:
        return seal_audit_log(now=now or timezone.now(), thorough=thorough)

    def seal_in_order(self, events: Iterable[AuditEvent]) -> None:
        """The first seal of the log, over these in any order: before the sealer kept the events of a subject in theirs,
        a late one could come after those that follow it."""
        rows = [(event.pk, leaf_hash(bytes(event.body))) for event in events]
        extend(None, rows, signers=[Signer("localhost/audit", signing_key())], now=timezone.now())

    def anchor(self) -> dict[str, int]:
        return anchor_checkpoints(now=timezone.now())

    def grow(self, count: int = 1, **parts: Any) -> list[AuditEvent]:
        """Records, seals and anchors."""
        events = self.record(count, **parts)
        self.seal()
        self.anchor()
        return events

    def last_checkpoint(self) -> Checkpoint:
        return read(AuditCheckpoint.objects.order_by("-tree_size")[0].note)[0]

    def verify(self, *, now: datetime | None = None, anchors: Path | None = None) -> Verdict:
        """As manage.py audit_verify does, an hour later: nothing is excused as being under way."""
        return verify_audit_log(
            trusted=trusted_keys(),
            anchor_file=anchors or self.anchor_file,
            now=now or timezone.now() + timedelta(hours=1),
            processes=1,
        )

    def rotate(self, name: str, *, is_lost: bool = False) -> str:
        """A new key takes over, in the settings too; returns its public half."""
        audit_key.make_private_key(self.folder / name)
        return self.rotate_to(str(self.folder / name), is_lost=is_lost)

    def rotate_to(self, new_key: str, *, is_lost: bool = False) -> str:
        """The same with a key that is there."""
        actor = Actor.system("test")
        key = str(replace_signing_key(new_key=new_key, actor=actor, now=timezone.now(), is_lost=is_lost))
        self.settings.AUDIT_SIGNING_KEY_FILE = new_key
        self.settings.AUDIT_PUBLIC_KEYS += f",{AFTER_LOSS if is_lost else ''}{key}"
        self.anchor()
        return key
