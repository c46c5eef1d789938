"""The log's key in a security module: it seals, takes over from a file, and a module that is away delays alone."""

import pytest
import structlog
from django.core.management import CommandError, call_command

from deploy import audit_key
from deploy.module_key import make_audit_key
from portal.audit import tasks
from portal.audit.models import AuditCheckpoint
from portal.audit.verification.verdict import SOUND
from portal.security_module import keys, sessions
from tests.audit.sealing.logs import URL, SealedLog
from tests.softhsm import Token


@pytest.fixture
def module_log(log: SealedLog, token: Token) -> SealedLog:
    """A log that was begun with a file's key and goes on with the module's."""
    log.grow(2)
    make_audit_key(token.place("audit"), URL)
    log.rotate_to(token.uri("audit"))
    return log


@pytest.mark.asvs("V13.3.3")
def test_the_log_goes_on_with_a_key_that_never_leaves_its_module(module_log: SealedLog) -> None:
    tasks.refuse_to_start_without_the_key()
    module_log.grow(3)
    verdict = module_log.verify()
    assert (verdict.exit_code, verdict.sealed) == (SOUND, 6)


def test_it_hands_over_to_a_file_again(module_log: SealedLog) -> None:
    module_log.rotate("third.pem")
    module_log.grow(1)
    assert module_log.verify().exit_code == SOUND


@pytest.mark.django_db(transaction=True)
def test_while_the_module_is_away_events_wait_and_are_sealed_later(module_log: SealedLog, token: Token) -> None:
    before = AuditCheckpoint.objects.count()
    token.take_away()
    module_log.record(1)
    with structlog.testing.capture_logs() as lines:
        tasks.seal()
    (line,) = [line for line in lines if line["event"] == "audit.sealing_refused"]
    assert "0 tokens of this module are so named" in line["problem"]
    with pytest.raises(SystemExit, match="The worker cannot start"):
        tasks.refuse_to_start_without_the_key()
    assert AuditCheckpoint.objects.count() == before
    token.bring_back()
    tasks.seal()
    assert module_log.verify().exit_code == SOUND


def test_a_module_that_fails_at_the_signature_is_told_like_one_that_is_away(
    module_log: SealedLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    sign = keys.ModuleSigningKey.sign

    def fail(key: keys.ModuleSigningKey, data: bytes) -> bytes:
        if data == keys.PROOF:
            return sign(key, data)
        raise sessions.KeyModuleError("the module is busy")

    monkeypatch.setattr(keys.ModuleSigningKey, "sign", fail)
    module_log.record(1)
    with structlog.testing.capture_logs() as lines:
        tasks.seal()
    assert [line["problem"] for line in lines if line["event"] == "audit.sealing_refused"] == ["the module is busy"]
    audit_key.make_private_key(module_log.folder / "third.pem")
    with pytest.raises(CommandError, match="the module is busy"):
        call_command("audit_rotate_key", str(module_log.folder / "third.pem"))
