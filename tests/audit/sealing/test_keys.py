"""The signing key: refused where it is missing, wrong or open to others, and never shown."""

from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from pytest_django import Settings

from deploy import audit_key
from portal.audit import tasks
from portal.audit.models import AuditCheckpoint
from portal.audit.sealing.keys import AFTER_LOSS, SigningKeyProblem, read_signing_key, trusted_keys
from portal.audit.verification.verdict import SOUND
from portal.environment import Environment
from tests.audit.sealing.logs import URL, SealedLog


@pytest.mark.parametrize("mode", [0o440, 0o404, 0o420, 0o777])
def test_a_key_that_is_open_to_others_is_refused(tmp_path: Path, mode: int) -> None:
    audit_key.make_private_key(tmp_path / "key.pem")
    (tmp_path / "key.pem").chmod(mode)
    with pytest.raises(SigningKeyProblem, match="is open to others"):
        read_signing_key(str(tmp_path / "key.pem"))


def test_a_missing_or_senseless_key_is_refused_without_its_content(tmp_path: Path) -> None:
    with pytest.raises(SigningKeyProblem, match="cannot be read: No such file"):
        read_signing_key(str(tmp_path / "key.pem"))
    (tmp_path / "key.pem").write_text("canary", encoding="utf-8")
    (tmp_path / "key.pem").chmod(0o400)
    with pytest.raises(SigningKeyProblem, match="is no PEM file") as caught:
        read_signing_key(str(tmp_path / "key.pem"))
    assert "canary" not in str(caught.value)


def test_a_list_of_public_keys_may_have_lines_and_marks(tmp_path: Path) -> None:
    texts = []
    for name in ("one", "other"):
        audit_key.make_private_key(tmp_path / name)
        texts.append(audit_key.public_key_of(tmp_path / name, "https://reimage.example.com"))
    first, second = trusted_keys(f"{texts[0]},\n {AFTER_LOSS}{texts[1]}\n")
    assert (str(first.key), first.after_loss, str(second.key), second.after_loss) == (texts[0], False, texts[1], True)
    with pytest.raises(SigningKeyProblem, match="AUDIT_PUBLIC_KEYS cannot be used"):
        trusted_keys("senseless")


@pytest.mark.parametrize("mark", ["", AFTER_LOSS])
def test_a_key_that_is_listed_twice_is_a_mistake_and_no_tampering(log: SealedLog, mark: str) -> None:
    log.grow(2)
    log.settings.AUDIT_PUBLIC_KEYS += f",{mark}{log.public_key}"
    with pytest.raises(CommandError, match=r"It names localhost/audit.* twice") as refused:
        call_command("audit_verify")
    assert refused.value.returncode == 1


def test_a_served_worker_does_not_start_without_a_usable_key(settings: Settings, tmp_path: Path) -> None:
    settings.AUDIT_SIGNING_KEY_FILE = ""
    settings.ENVIRONMENT = Environment({}, local=False)
    with pytest.raises(SystemExit, match="AUDIT_SIGNING_KEY_FILE is not set"):
        tasks.refuse_to_start_without_the_key()
    settings.ENVIRONMENT = Environment({}, local=True)
    tasks.refuse_to_start_without_the_key()
    settings.AUDIT_SIGNING_KEY_FILE = str(tmp_path / "missing.pem")
    with pytest.raises(SystemExit, match="cannot be read"):
        tasks.refuse_to_start_without_the_key()


@pytest.fixture
def unlisted(log: SealedLog) -> str:
    """A key that is not in the list of public keys; its public half."""
    key_file = log.folder / "unlisted.pem"
    audit_key.make_private_key(key_file)
    log.settings.AUDIT_SIGNING_KEY_FILE = str(key_file)
    return audit_key.public_key_of(key_file, URL)


def test_a_key_that_no_verifier_would_trust_signs_nothing(log: SealedLog, unlisted: str) -> None:
    """On a fresh log no key came before it: all that it signed would be called tampered with."""
    log.record(1)
    with pytest.raises(SigningKeyProblem, match="does not name the key") as caught:
        log.seal()
    assert str(caught.value).endswith(unlisted)
    assert not AuditCheckpoint.objects.exists()
    log.settings.AUDIT_PUBLIC_KEYS = unlisted  # as the message says
    log.grow(1)
    assert log.verify().exit_code == SOUND


def test_a_worker_with_such_a_key_does_not_start(log: SealedLog, unlisted: str) -> None:
    with pytest.raises(SystemExit, match="does not name the key") as caught:
        tasks.refuse_to_start_without_the_key()
    assert str(caught.value).endswith(unlisted)
    log.settings.AUDIT_PUBLIC_KEYS = ""  # nobody verifies, nobody is told wrong
    tasks.refuse_to_start_without_the_key()


def test_a_worker_starts_though_the_portal_has_moved(log: SealedLog) -> None:
    log.grow(1)
    log.settings.PUBLIC_URL = "https://elsewhere.example.com"
    tasks.refuse_to_start_without_the_key()
    log.grow(1)
    assert log.verify().exit_code == SOUND


def test_after_a_replacement_the_worker_starts_once_both_settings_are_made(log: SealedLog) -> None:
    log.grow(1)
    before = log.settings.AUDIT_PUBLIC_KEYS
    log.rotate("second")
    after, log.settings.AUDIT_PUBLIC_KEYS = log.settings.AUDIT_PUBLIC_KEYS, before
    with pytest.raises(SystemExit, match="does not name the key"):
        tasks.refuse_to_start_without_the_key()
    log.settings.AUDIT_PUBLIC_KEYS = after
    tasks.refuse_to_start_without_the_key()
    log.grow(1)
    assert log.verify().exit_code == SOUND


def test_the_task_seals_and_anchors(log: SealedLog) -> None:
    log.record(3)
    tasks.seal()
    assert AuditCheckpoint.objects.get().tree_size == 3
    log.record(1)
    tasks.seal_all()
    assert log.anchor_file.read_bytes().count(b"\n") == 2


def test_the_task_without_a_key_does_nothing(log: SealedLog) -> None:
    log.settings.AUDIT_SIGNING_KEY_FILE = ""
    log.record(1)
    tasks.seal()
    assert not AuditCheckpoint.objects.exists()
    assert not log.anchor_file.exists()


def test_the_task_anchors_even_where_sealing_is_refused(log: SealedLog) -> None:
    log.record(1)
    log.seal()
    log.key_file.chmod(0o444)
    log.record(1)
    tasks.seal()
    assert AuditCheckpoint.objects.count() == 1
    assert log.anchor_file.read_bytes().count(b"\n") == 1
