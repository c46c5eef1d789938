"""Passwords whose key stays in a security module: opened there, beside keys of files, and waited for while away."""

import io
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from django.core.management import call_command

from deploy.module_key import make_sealing_key
from portal.identity.models import User
from portal.security_module import keys, sessions
from reimage.models import ReimageOperation, SealedSecret, SecretField
from reimage.services import sealing_keys, secrets
from reimage.services.sealing_keys import SealingKeyMissing
from reimage.services.secrets import SealingError, open_secret
from tests.sandbox_process import SandboxProcess
from tests.services.test_sealing_keys import PARAMETERS, opened
from tests.softhsm import Token
from tests.stories import draft


@pytest.fixture
def of_a_file(azure: SandboxProcess, sealing_key: X25519PrivateKey, alice: User) -> ReimageOperation:
    """Sealed before the module came."""
    return draft(alice, "web-02", parameters=PARAMETERS).operations.get()


@pytest.fixture
def of_the_module(of_a_file: ReimageOperation, token: Token, alice: User, settings: Any) -> ReimageOperation:
    settings.SEALING_PUBLIC_KEY = make_sealing_key(token.place("sealing"))
    settings.SEALING_PRIVATE_KEY_FILE += f", {token.uri('sealing')}"
    return draft(alice, "web-03", parameters=PARAMETERS).operations.get()


@pytest.mark.asvs("V13.3.3")
def test_the_ring_holds_files_and_modules_keys(of_a_file: ReimageOperation, of_the_module: ReimageOperation) -> None:
    sealing_keys.check_private_keys()
    assert opened(of_a_file) == opened(of_the_module) == "Correct-Horse-7"
    said = io.StringIO()
    call_command("sealing_keys", stdout=said)
    current = sealing_keys.key_id(sealing_keys.public_key())
    assert f"{current}  1 waiting  seals" in said.getvalue()
    assert "1 waiting  opens" in said.getvalue()


def test_what_was_altered_does_not_open_there_either(of_the_module: ReimageOperation) -> None:
    secret = SealedSecret.objects.get(operation=of_the_module, field=SecretField.ADMIN_PASSWORD)
    secret.ciphertext = bytes(secret.ciphertext)[:-1] + b"\x00"
    secret.save()
    with pytest.raises(SealingError, match="does not open") as refused:
        open_secret(of_the_module, SecretField.ADMIN_PASSWORD, commitment=None)
    assert not isinstance(refused.value, SealingKeyMissing)


def test_a_module_that_is_away_is_waited_for(of_the_module: ReimageOperation, token: Token) -> None:
    """As a lost key is: the reimage waits, and an administrator is told."""
    token.take_away()
    with pytest.raises(SealingKeyMissing, match="0 tokens of this module are so named"):
        opened(of_the_module)
    with pytest.raises(SealingKeyMissing, match="0 tokens of this module are so named"):
        sealing_keys.check_private_keys()


def test_a_token_that_is_away_keeps_nobody_from_the_keys_of_files(
    of_a_file: ReimageOperation, of_the_module: ReimageOperation, token: Token, settings: Any
) -> None:
    settings.SEALING_PRIVATE_KEY_FILE = ",".join(reversed(settings.SEALING_PRIVATE_KEY_FILE.split(",")))
    token.take_away()
    assert opened(of_a_file) == "Correct-Horse-7"
    with pytest.raises(SealingKeyMissing, match=r"is not in our ring; .*0 tokens of this module"):
        opened(of_the_module)


def test_a_module_that_fails_while_it_opens_is_waited_for_too(
    of_the_module: ReimageOperation, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> bytes:
        raise sessions.KeyModuleError("the module is busy")

    monkeypatch.setattr(keys, "_agreed", fail)
    with pytest.raises(SealingKeyMissing, match="the module is busy"):
        opened(of_the_module)


@pytest.mark.parametrize("agreed", [b"", bytes(32)])
def test_a_module_that_answers_nonsense_is_waited_for_as_well(
    of_the_module: ReimageOperation, monkeypatch: pytest.MonkeyPatch, agreed: bytes
) -> None:
    """Once the key was proven, so that HPKE meets it."""
    ring = sealing_keys.private_keys()
    monkeypatch.setattr(keys, "_agreed", lambda *_: agreed)
    monkeypatch.setattr(secrets, "private_key", ring.__getitem__)
    with pytest.raises(SealingKeyMissing, match="does not fit the public half"):
        opened(of_the_module)


def test_a_hostile_value_is_refused_and_not_waited_for(of_the_module: ReimageOperation) -> None:
    secret = SealedSecret.objects.get(operation=of_the_module, field=SecretField.ADMIN_PASSWORD)
    secret.ciphertext = bytes(32) + bytes(secret.ciphertext)[32:]
    secret.save()
    with pytest.raises(SealingError, match="does not open") as refused:
        opened(of_the_module)
    assert not isinstance(refused.value, SealingKeyMissing)
