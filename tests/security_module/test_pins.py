"""The PIN of a token: from a file of its own, sent once if it is wrong, and never told."""

import logging
from pathlib import Path

import pkcs11
import pytest
from pkcs11 import TokenFlag

from deploy.module_key import make_audit_key
from portal.audit import tasks
from portal.security_module import sessions
from portal.security_module.keys import ModuleSigningKey
from portal.security_module.sessions import KeyModuleError
from portal.worker_start import PIN_REFUSED
from tests.audit.sealing.logs import SealedLog
from tests.softhsm import Token


@pytest.fixture
def signing(token: Token) -> ModuleSigningKey:
    make_audit_key(token.place("audit"), "https://reimage.example.com")
    key = ModuleSigningKey(token.place("audit"))
    sessions.log_out()
    return key


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Every PIN that was given to a token."""
    seen: list[str] = []
    open_by = sessions._open

    def watched(token: pkcs11.Token, pin: str, *, writable: bool) -> pkcs11.Session:
        seen.append(pin)
        return open_by(token, pin, writable=writable)

    monkeypatch.setattr(sessions, "_open", watched)
    return seen


def write(file: Path, content: bytes) -> None:
    file.chmod(0o600)
    file.write_bytes(content)
    file.chmod(0o400)


def test_a_wrong_one_is_sent_once(signing: ModuleSigningKey, token: Token, sent: list[str]) -> None:
    right = token.pin_file.read_bytes()
    write(token.pin_file, b"00000")
    with pytest.raises(KeyModuleError, match="the PIN was refused") as refused:
        signing.sign(b"")
    assert "00000" not in str(refused.value)
    for _ in range(3):
        with pytest.raises(KeyModuleError, match="was refused, and is not tried again"):
            signing.sign(b"")
    assert sent == ["00000"]
    write(token.pin_file, right)
    assert signing.sign(b"")


def test_each_wrong_one_is_remembered(signing: ModuleSigningKey, token: Token, sent: list[str]) -> None:
    """Also beside others, and one that is too long for any token."""
    wrong = ["00000", "11111", "2" * 300]
    for pin in wrong * 2:
        write(token.pin_file, pin.encode())
        with pytest.raises(KeyModuleError):
            signing.sign(b"")
    assert sent == wrong


def test_none_is_sent_where_the_next_could_lock_the_token(
    signing: ModuleSigningKey, token: Token, sent: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The token itself counts, for every process. SoftHSM never locks: what it says of one wrong PIN stands for it."""
    monkeypatch.setattr(sessions, "FEW_TRIES", TokenFlag.USER_PIN_COUNT_LOW)
    write(token.pin_file, b"00000")
    with pytest.raises(KeyModuleError, match="the PIN was refused"):
        signing.sign(b"")
    write(token.pin_file, b"11111")
    with pytest.raises(KeyModuleError, match="wrong PINs have locked the token, or the next would"):
        signing.sign(b"")
    assert sent == ["00000"]


@pytest.mark.parametrize(("content", "said"), [(b"", "is empty"), (b" \n", "is empty"), (b"canary-\xe9", "is no text")])
def test_a_file_without_one_is_named(
    signing: ModuleSigningKey, token: Token, sent: list[str], content: bytes, said: str
) -> None:
    write(token.pin_file, content)
    with pytest.raises(KeyModuleError, match=said) as refused:
        signing.sign(b"")
    assert "canary" not in repr(refused.value)
    assert sent == []


def test_a_file_that_others_may_read_is_refused(signing: ModuleSigningKey, token: Token) -> None:
    token.pin_file.chmod(0o440)
    with pytest.raises(KeyModuleError, match=r"The PIN file .* is open to others: chmod 0400"):
        signing.sign(b"")


def test_a_worker_that_starts_with_a_wrong_one_is_not_started_again(
    signing: ModuleSigningKey, token: Token, log: SealedLog, capsys: pytest.CaptureFixture[str]
) -> None:
    """By systemd, every few seconds, until the token has locked itself. What may come back by itself, it waits for."""
    log.settings.AUDIT_SIGNING_KEY_FILE = token.uri("audit")
    token.take_away()
    with pytest.raises(SystemExit, match=r"The worker cannot start\. .* 0 tokens of this module"):
        tasks.refuse_to_start_without_the_key()
    token.bring_back()
    write(token.pin_file, b"00000")
    with pytest.raises(SystemExit) as ended:
        tasks.refuse_to_start_without_the_key()
    assert ended.value.code == PIN_REFUSED
    assert capsys.readouterr().err.startswith("The worker cannot start. The audit signing key cannot be used.")


@pytest.mark.parametrize("content", [b"CANARY-\xe9t\xe9", b"CANARY-wrong"])
def test_no_log_line_holds_it(
    signing: ModuleSigningKey, token: Token, log: SealedLog, content: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    log.record(1)
    log.settings.AUDIT_SIGNING_KEY_FILE = token.uri("audit")
    write(token.pin_file, content)
    with caplog.at_level(logging.DEBUG), pytest.raises(SystemExit) as told:
        tasks.refuse_to_start_without_the_key()
    with caplog.at_level(logging.DEBUG):
        assert tasks.seal.apply().successful()
    assert "audit.sealing_refused" in caplog.text
    assert "CANARY" not in caplog.text + repr(told.value)
