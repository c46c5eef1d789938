"""Keys are replaced with values in flight: the old one opens until its rows are gone, and a command says when."""

import base64
import io
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from django.core.management import CommandError, call_command
from django.utils import timezone

from portal.identity.models import User
from reimage.domain.parameters import ReimageParameters
from reimage.models import PasswordView, ReimageOperation, SealedSecret, SecretField
from reimage.services import generated_passwords, sealing_keys
from reimage.services.password_views import Asked, Shown
from reimage.services.sealing_keys import SealingError, SealingKeyMissing
from reimage.services.secrets import destroy_secrets, open_secret
from reimage.services.view_answers import answer_views
from tests.passwords import GENERATED, show_password
from tests.sandbox_process import SandboxProcess
from tests.services.test_secrets import commitment, write_key
from tests.stories import draft, request_reimage

PARAMETERS = ReimageParameters(admin_password="Correct-Horse-7")


def public_text(key: X25519PrivateKey) -> str:
    return base64.b64encode(key.public_key().public_bytes_raw()).decode()


def opened(operation: ReimageOperation) -> str | None:
    return open_secret(operation, SecretField.ADMIN_PASSWORD, commitment=commitment(operation))


def said() -> str:
    text = io.StringIO()
    call_command("sealing_keys", stdout=text)
    return text.getvalue()


@pytest.fixture
def old(azure: SandboxProcess, sealing_key: X25519PrivateKey, alice: User) -> ReimageOperation:
    """Sealed before the rotation."""
    return draft(alice, "web-02", parameters=PARAMETERS).operations.get()


@pytest.fixture
def new_key(old: ReimageOperation, settings: Any, tmp_path: Path) -> X25519PrivateKey:
    """The worker has both keys, in one folder."""
    key = X25519PrivateKey.generate()
    write_key(tmp_path / "sealing-private-2.pem", key)
    (tmp_path / "notes.txt").write_text("no key", encoding="utf-8")
    settings.SEALING_PRIVATE_KEY_FILE = str(tmp_path)
    return key


@pytest.mark.asvs("V11.2.2")
def test_both_keys_open_what_was_sealed_for_them(
    old: ReimageOperation, new_key: X25519PrivateKey, alice: User, settings: Any
) -> None:
    settings.SEALING_PUBLIC_KEY = public_text(new_key)
    new = draft(alice, "web-03", parameters=PARAMETERS).operations.get()
    assert opened(old) == opened(new) == "Correct-Horse-7"
    assert set(SealedSecret.objects.values_list("key_id", flat=True)) == set(sealing_keys.private_keys())
    sealing_keys.check_private_keys()


@pytest.mark.asvs("V11.2.2")
def test_the_command_says_when_the_old_key_can_go(
    old: ReimageOperation, new_key: X25519PrivateKey, sealing_key: X25519PrivateKey, settings: Any
) -> None:
    settings.SEALING_PUBLIC_KEY = public_text(new_key)
    old_id, new_id = (sealing_keys.key_id(key.public_key()) for key in (sealing_key, new_key))
    assert f"{old_id}  1 waiting  opens" in said()
    assert f"{new_id}  0 waiting  seals" in said()
    destroy_secrets(old.pk)
    assert f"{old_id}  0 waiting  can be removed" in said()


@pytest.fixture
def to_be_seen(azure: SandboxProcess, alice: User, settings: Any) -> dict[str, Any]:
    """Alice's button for a generated password whose reimage has ended."""
    settings.PASSWORD_MODE = "generated"
    ended = request_reimage(alice, "web-03", parameters=GENERATED).operations.get()
    generated_passwords.keep(ended, "Correct-Horse-8", now=timezone.now())
    ReimageOperation.objects.filter(pk=ended.pk).update(state="succeeded", finished_at=timezone.now())
    ids = {"reimage_request_id": ended.reimage_request_id, "operation_id": ended.pk}
    return ids | {"requester": alice, "now": timezone.now()}


@pytest.mark.asvs("V11.2.2")
def test_a_generated_password_that_waits_to_be_seen_keeps_its_key(
    old: ReimageOperation,
    to_be_seen: dict[str, Any],
    new_key: X25519PrivateKey,
    sealing_key: X25519PrivateKey,
    settings: Any,
) -> None:
    destroy_secrets(old.pk)
    settings.SEALING_PUBLIC_KEY = public_text(new_key)
    asked = show_password(private_key=None, **to_be_seen)
    assert isinstance(asked, Asked)
    assert f"{sealing_keys.key_id(sealing_key.public_key())}  1 waiting  opens" in said()
    assert answer_views(now=timezone.now()) == 1
    assert show_password(private_key=asked.private_key, **to_be_seen) == Shown("Correct-Horse-8")


def test_a_key_that_went_too_early_is_named(old: ReimageOperation, new_key: X25519PrivateKey, settings: Any) -> None:
    settings.SEALING_PUBLIC_KEY = public_text(new_key)
    folder = Path(settings.SEALING_PRIVATE_KEY_FILE)
    settings.SEALING_PRIVATE_KEY_FILE = str(folder / "sealing-private-2.pem")
    with pytest.raises(SealingKeyMissing, match=r"key [0-9a-f]{16} is not in our ring"):
        opened(old)
    with pytest.raises(CommandError, match=r"No private key is here for: [0-9a-f]{16}"):
        said()


def test_several_files_are_a_ring_too(old: ReimageOperation, new_key: X25519PrivateKey, settings: Any) -> None:
    folder = Path(settings.SEALING_PRIVATE_KEY_FILE)
    settings.SEALING_PRIVATE_KEY_FILE = f"{folder}/sealing-private.pem, {folder}/sealing-private-2.pem"
    assert len(sealing_keys.private_keys()) == 2


def test_an_empty_folder_is_no_ring(settings: Any, tmp_path: Path) -> None:
    settings.SEALING_PRIVATE_KEY_FILE = str(tmp_path)
    with pytest.raises(SealingKeyMissing, match=r"without a \.pem file"):
        sealing_keys.private_keys()


@pytest.mark.asvs("V13.3.2")
@pytest.mark.parametrize("mode", [0o404, 0o444, 0o604, 0o402, 0o440, 0o420, 0o640])
def test_a_key_that_is_open_to_others_is_refused(old: ReimageOperation, settings: Any, mode: int) -> None:
    Path(settings.SEALING_PRIVATE_KEY_FILE).chmod(mode)
    with pytest.raises(SealingKeyMissing, match="is open to others: chmod 0400"):
        opened(old)


@pytest.mark.asvs("V11.3.1")
def test_sealing_is_authenticated_and_hides(old: ReimageOperation) -> None:
    """What it seals is as long as encapsulated key, text and tag."""
    sealed = sealing_keys.SUITE.encrypt(sealing_keys.PROBE, sealing_keys.public_key(), info=b"")
    assert len(sealed) == 32 + len(sealing_keys.PROBE) + 16
    assert sealing_keys.PROBE not in sealed


@pytest.mark.asvs("V11.2.2")
def test_a_key_that_was_replaced_twice_opens_all_three(
    old: ReimageOperation, new_key: X25519PrivateKey, alice: User, settings: Any, tmp_path: Path
) -> None:
    settings.SEALING_PUBLIC_KEY = public_text(new_key)
    second = draft(alice, "web-03", parameters=PARAMETERS).operations.get()
    newest_key = X25519PrivateKey.generate()
    write_key(tmp_path / "sealing-private-3.pem", newest_key)
    settings.SEALING_PUBLIC_KEY = public_text(newest_key)
    third = draft(alice, "web-04", parameters=PARAMETERS).operations.get()
    sealing_keys.check_private_keys()
    assert [opened(operation) for operation in (old, second, third)] == ["Correct-Horse-7"] * 3
    assert len(set(SealedSecret.objects.values_list("key_id", flat=True))) == 3


JSON, LONG = b'{"nonce": "00", "value": "Correct-Horse-7"}', "正しい馬の電池".encode() * 9
PLAIN = [JSON, b"Correct-Horse-7", LONG, b"", b"\xff" * 48]


@pytest.mark.parametrize("content", PLAIN)
@pytest.mark.parametrize("key_id", ["of a key that is gone", None])
def test_a_worker_refuses_to_start_over_plaintext(
    old: ReimageOperation, alice: User, content: bytes, key_id: str | None
) -> None:
    """Wherever it stands, and whatever it says of itself."""
    draft(alice, "web-03", parameters=PARAMETERS)
    sealing_keys.check_private_keys()
    oldest = SealedSecret.objects.order_by("pk").first()
    assert oldest is not None
    SealedSecret.objects.filter(pk=oldest.pk).update(ciphertext=content, key_id=(key_id or oldest.key_id)[:16])
    with pytest.raises(SealingError, match="is plaintext") as refused:
        sealing_keys.check_private_keys()
    assert "Horse" not in str(refused.value)


@pytest.mark.parametrize("content", PLAIN)
def test_nor_does_it_start_over_a_plain_password_that_its_requester_is_to_see(
    to_be_seen: dict[str, Any], content: bytes
) -> None:
    show_password(private_key=None, **to_be_seen)
    sealing_keys.check_private_keys()
    assert answer_views(now=timezone.now()) == 1
    sealing_keys.check_private_keys()
    PasswordView.objects.update(ciphertext=content)
    with pytest.raises(SealingError, match=r"of operation \d+, as its requester is to see it, is plaintext") as refused:
        sealing_keys.check_private_keys()
    assert "Horse" not in str(refused.value)
