"""manage.py audit_rotate_key: what it replaces, what it tells to set, and what it refuses."""

import hashlib
import uuid
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from deploy import audit_key
from portal.audit.models import AuditCheckpoint, AuditEvent
from portal.audit.sealing import rotation
from portal.audit.sealing.keys import AFTER_LOSS
from portal.audit.verification.verdict import SOUND
from tests.audit.sealing.logs import URL, SealedLog
from tests.audit.sealing.standalone import export_to, verify
from tests.audit.sealing.tampering import run


@pytest.fixture
def new_key(log: SealedLog) -> Path:
    file = log.folder / "new.pem"
    audit_key.make_private_key(file)
    return file


def rotate(*arguments: object) -> str:
    out = StringIO()
    call_command("audit_rotate_key", *map(str, arguments), stdout=out)
    return out.getvalue()


def test_it_replaces_the_key_anchors_and_tells_what_to_set(log: SealedLog, new_key: Path) -> None:
    log.grow(2)
    told = rotate(new_key)
    public_key = audit_key.public_key_of(new_key, URL)
    assert f"AUDIT_SIGNING_KEY_FILE='{new_key}'\n" in told
    assert f"AUDIT_PUBLIC_KEYS=…,{public_key}\n" in told
    assert AuditEvent.objects.filter(action="audit_key.replaced").count() == 1
    assert log.anchor_file.read_bytes().count(b"\n") == AuditCheckpoint.objects.count() == 2
    log.settings.AUDIT_SIGNING_KEY_FILE = str(new_key)
    log.settings.AUDIT_PUBLIC_KEYS += f",{public_key}"
    log.grow(1)
    assert log.verify().exit_code == SOUND


def test_a_key_that_follows_a_lost_one_is_marked_as_such(log: SealedLog, new_key: Path) -> None:
    log.grow(2)
    log.key_file.unlink()
    with pytest.raises(CommandError, match="cannot be read"):
        rotate(new_key)
    assert f",{AFTER_LOSS}{audit_key.public_key_of(new_key, URL)}\n" in rotate(new_key, "--old-key-is-lost")


@pytest.mark.parametrize("flags", [(), ("--old-key-is-lost",)])
def test_the_key_that_signs_already_is_no_new_one(log: SealedLog, flags: tuple[str, ...]) -> None:
    log.grow(1)
    log.settings.AUDIT_PUBLIC_KEYS = ""  # what is listed is one thing, what has signed another
    with pytest.raises(CommandError, match="holds a key that has signed this log already: make another one"):
        rotate(log.key_file, *flags)
    assert not AuditEvent.objects.filter(action="audit_key.replaced").exists()


@pytest.mark.parametrize("flags", [(), ("--old-key-is-lost",)])
def test_a_key_that_handed_over_never_comes_back(log: SealedLog, flags: tuple[str, ...]) -> None:
    log.grow(2)
    log.rotate("second.pem")
    log.grow(1)
    for keys in (log.settings.AUDIT_PUBLIC_KEYS, ""):
        log.settings.AUDIT_PUBLIC_KEYS = keys
        with pytest.raises(CommandError, match="has signed this log already"):
            rotate(log.key_file, *flags)
    assert AuditEvent.objects.filter(action="audit_key.replaced").count() == 1


def test_a_key_that_is_listed_already_is_no_new_one(log: SealedLog, new_key: Path) -> None:
    log.grow(1)
    log.settings.AUDIT_PUBLIC_KEYS += f",{audit_key.public_key_of(new_key, URL)}"
    with pytest.raises(CommandError, match="holds a key that AUDIT_PUBLIC_KEYS names already"):
        rotate(new_key)
    assert log.verify().exit_code == SOUND


@pytest.mark.parametrize("flags", [(), ("--old-key-is-lost",)])
def test_an_empty_log_has_no_key_to_replace(log: SealedLog, new_key: Path, flags: tuple[str, ...]) -> None:
    with pytest.raises(CommandError, match=r"Nothing is sealed yet.* set AUDIT_SIGNING_KEY_FILE to the new key"):
        rotate(new_key, *flags)
    assert not AuditEvent.objects.exists()
    # As it says:
    log.settings.AUDIT_SIGNING_KEY_FILE = str(new_key)
    log.settings.AUDIT_PUBLIC_KEYS = audit_key.public_key_of(new_key, URL)
    log.grow(2)
    assert log.verify().exit_code == SOUND


def test_it_does_not_come_between_a_sealer_and_its_work(
    log: SealedLog, new_key: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rotation, "lock_for_sealing", lambda: False)
    with pytest.raises(CommandError, match="The sealer is at work: try again"):
        rotate(new_key)
    assert not AuditEvent.objects.exists()


def test_a_request_keeps_the_order_of_its_events_when_a_key_takes_over(log: SealedLog, tmp_path: Path) -> None:
    """Though their ids are in another, as after a sequence that was set back."""
    log.grow(1)
    first, _second = log.record(2, subject="reimage_request:1")
    run(f"UPDATE audit_auditevent SET id = 1000 WHERE id = {first.pk}")
    log.rotate("new-order.pem")
    assert log.verify().exit_code == SOUND
    keys = tmp_path / "keys"
    keys.write_text(log.settings.AUDIT_PUBLIC_KEYS.replace(",", "\n"))
    code, said = verify(export_to(tmp_path / "all"), str(keys))
    assert (code, said.split(",")[0]) == (0, "VERIFIED: 4 events"), said


def test_an_event_of_a_key_that_is_too_deep_to_be_read_holds_up_no_seal(log: SealedLog) -> None:
    """Whoever may add events could have added it, and nobody can remove it."""
    log.grow(2)
    body = b"[" * 100_000
    row = {
        "subject": "",
        "sequence": None,
        "previous_digest": "",
        "event_id": uuid.uuid4(),
        "occurred_at": timezone.now(),
    }
    row |= {"action": "audit_key.replaced", "body": body, "digest": hashlib.sha256(body).hexdigest()}
    AuditEvent(**AuditEvent.objects.values().first() | {"id": None} | row).save()
    for _ in range(2):
        log.record(1)
        assert log.seal().added >= 1
    log.rotate("new-deep.pem")
    assert log.seal().tree_size == AuditEvent.objects.count()
