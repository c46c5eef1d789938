"""A generated password is seen once, by its requester: the worker seals it for one browser, and looking destroys it."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from django.core import mail
from django.db import IntegrityError
from django.utils import timezone

from portal.audit.models import AuditEvent
from portal.errors import NotAllowed, NotFound, WrongState
from portal.identity.models import User
from reimage import tasks
from reimage.models import ExecutionAlarm, Notice, NoticeKind, PasswordView, ReimageOperation, SealedSecret, SecretField
from reimage.services import alarms, doorbell, notification, view_keys
from reimage.services.password_views import Asked, Shown, view_state
from reimage.services.sealing_keys import SealingError
from reimage.services.secrets import open_secret
from reimage.services.view_answers import answer_views, expire_unseen_passwords
from tests.passwords import GENERATED, seen_by_azure, show_password
from tests.sandbox_process import SandboxProcess
from tests.stories import approved, run


@pytest.fixture
def ended(azure: SandboxProcess, alice: User, bob: User, settings: Any) -> ReimageOperation:
    """Reimaged; its password waits to be seen."""
    settings.PASSWORD_MODE = "generated"
    return run(approved(alice, bob, "web-02", parameters=GENERATED), azure).operations.get()


def press(person: User, operation: ReimageOperation, key: bytes | None = None) -> Shown | Asked:
    """What the button does."""
    return show_password(
        requester=person,
        reimage_request_id=operation.reimage_request_id,
        operation_id=operation.pk,
        private_key=key,
        now=timezone.now(),
    )


def asked(person: User, operation: ReimageOperation) -> bytes:
    answer = press(person, operation)
    assert isinstance(answer, Asked)
    return answer.private_key


def actions() -> list[str]:
    found = AuditEvent.objects.filter(action__startswith="generated_password").order_by("pk")
    return [action.removeprefix("generated_password.") for action in found.values_list("action", flat=True)]


@pytest.mark.asvs("V6.4.1", "V8.2.3")
def test_it_is_shown_once_and_then_destroyed(ended: ReimageOperation, azure: SandboxProcess, alice: User) -> None:
    key = asked(alice, ended)
    assert press(alice, ended, key) == Asked(key)  # the worker has not answered yet; the key stays
    assert answer_views(now=timezone.now()) == 1
    shown = press(alice, ended, key)
    assert isinstance(shown, Shown)
    assert seen_by_azure(azure, shown.password)
    assert not SealedSecret.objects.exists()
    view = PasswordView.objects.get()
    assert (view.ciphertext, bytes(view.public_key)) == (None, b"")
    assert actions() == ["requested", "opened", "seen"]


def test_what_was_asked_for_in_time_is_not_answered_after_it(ended: ReimageOperation, alice: User) -> None:
    asked(alice, ended)
    assert ended.finished_at is not None
    assert answer_views(now=ended.finished_at + timedelta(hours=24)) == 0


def test_the_web_process_needs_no_private_ring(
    ended: ReimageOperation, alice: User, settings: Any, azure: SandboxProcess
) -> None:
    ring, settings.SEALING_PRIVATE_KEY_FILE = settings.SEALING_PRIVATE_KEY_FILE, ""
    key = asked(alice, ended)
    assert answer_views(now=timezone.now()) == 0  # only the worker can
    settings.SEALING_PRIVATE_KEY_FILE = ring
    answer_views(now=timezone.now())
    settings.SEALING_PRIVATE_KEY_FILE = ""
    assert isinstance(press(alice, ended, key), Shown)


def test_a_second_use_is_an_alarm(ended: ReimageOperation, alice: User, dan: User) -> None:
    key = asked(alice, ended)
    answer_views(now=timezone.now())
    press(alice, ended, key)
    seen_at = PasswordView.objects.get().seen_at
    assert seen_at is not None
    for again in (key, None):
        with pytest.raises(WrongState, match=rf"already shown, to Alice Aoki at {seen_at:%Y-%m-%d %H:%M}"):
            press(alice, ended, again)
    assert actions()[-2:] == ["requested_again", "requested_again"]
    notification.send_due_notices(now=timezone.now())
    (alarm,) = [message for message in mail.outbox if message.to == [dan.email]]
    assert "Alice Aoki" in alarm.body


def test_each_use_after_the_first_is_an_event_and_a_mail_an_hour_for_each_machine(
    azure: SandboxProcess, alice: User, bob: User, settings: Any
) -> None:
    settings.PASSWORD_MODE = "generated"
    first, second = run(approved(alice, bob, "web-02", "web-03", parameters=GENERATED), azure).operations.all()
    for operation in (first, second):
        PasswordView.objects.create(
            operation=operation, public_key=b"", asked_at=timezone.now(), seen_at=timezone.now()
        )

    def told_after(*presses: ReimageOperation) -> int:
        for operation in presses:
            with pytest.raises(WrongState, match="already shown"):
                press(alice, operation)
        return Notice.objects.filter(kind=NoticeKind.PASSWORD_AGAIN).count()

    assert told_after(first, first, first) == 1
    assert told_after(second, second) == 2
    Notice.objects.update(created_at=timezone.now() - timedelta(minutes=59))
    assert told_after(first, second) == 2
    Notice.objects.update(created_at=timezone.now() - timedelta(minutes=61))
    assert told_after(first, first) == 3
    Notice.objects.update(created_at=timezone.now() + timedelta(days=1))
    assert told_after(first) == 4
    assert actions().count("requested_again") == 10


@pytest.mark.asvs("V8.2.2", "V8.2.3")
@pytest.mark.parametrize("who", ["bob", "carol", "dan"])
def test_it_is_for_the_requester_alone(ended: ReimageOperation, who: str, request: pytest.FixtureRequest) -> None:
    with pytest.raises(NotAllowed, match="for the person who asked"):
        press(request.getfixturevalue(who), ended)
    assert actions() == []


def test_a_stranger_and_a_machine_without_one_are_not_found(
    ended: ReimageOperation, alice: User, bob: User, eve: User, azure: SandboxProcess
) -> None:
    with pytest.raises(NotFound):
        press(eve, ended)
    without = approved(alice, bob, "web-01").operations.get()
    with pytest.raises(NotFound, match="No password is generated"):
        press(alice, without)
    ended.reimage_request_id = without.reimage_request_id
    with pytest.raises(NotFound):
        press(alice, ended)


def test_another_browser_asks_anew_and_spends_nothing(
    ended: ReimageOperation, alice: User, azure: SandboxProcess
) -> None:
    first = asked(alice, ended)
    answer_views(now=timezone.now())
    second = asked(alice, ended)
    answer_views(now=timezone.now())
    third = press(alice, ended, first)
    assert isinstance(third, Asked)  # the first browser's key does not fit any more
    answer_views(now=timezone.now())
    assert isinstance(press(alice, ended, second), Asked)
    for senseless in (b"", b"short", b"x" * 32):
        assert isinstance(press(alice, ended, senseless), Asked)
    assert view_state(ended, timezone.now()) == "ready"


def test_what_is_stored_opens_with_the_browsers_key_alone(ended: ReimageOperation, alice: User) -> None:
    key = asked(alice, ended)
    answer_views(now=timezone.now())
    ended = ReimageOperation.objects.select_related("reimage_request__requester").get()
    password = str(open_secret(ended, SecretField.GENERATED, commitment=None))
    ciphertext = bytes(PasswordView.objects.get().ciphertext or b"")
    assert password.encode() not in ciphertext
    assert view_keys.open_view(ciphertext, key, ended) == password
    with pytest.raises(SealingError, match="does not open"):
        view_keys.open_view(ciphertext, X25519PrivateKey.generate().private_bytes_raw(), ended)
    ended.plan["vm_id"] = "another"
    with pytest.raises(SealingError, match="does not open"):
        view_keys.open_view(ciphertext, key, ended)


@pytest.mark.asvs("V14.2.7", "V6.4.1")
def test_unseen_it_is_destroyed_when_the_term_is_over(ended: ReimageOperation, alice: User) -> None:
    key = asked(alice, ended)
    answer_views(now=timezone.now())
    assert ended.finished_at is not None
    until = ended.finished_at + timedelta(hours=24)
    assert expire_unseen_passwords(now=until - timedelta(seconds=1)) == 0
    assert expire_unseen_passwords(now=until) == 1
    assert expire_unseen_passwords(now=until) == 0
    assert not SealedSecret.objects.exists()
    assert PasswordView.objects.get().ciphertext is None
    assert actions() == ["requested", "opened", "expired"]
    with pytest.raises(WrongState, match="it was not seen in time"):
        press(alice, ended, key)
    assert answer_views(now=until) == 0


def test_at_the_end_of_its_term_it_is_not_shown_though_no_sweep_came(ended: ReimageOperation, alice: User) -> None:
    ReimageOperation.objects.update(finished_at=timezone.now() - timedelta(hours=24))
    with pytest.raises(WrongState, match="it was not seen in time"):
        press(alice, ended)


def test_before_the_end_there_is_nothing_to_see(azure: SandboxProcess, alice: User, bob: User, settings: Any) -> None:
    settings.PASSWORD_MODE = "generated"
    operation = approved(alice, bob, "web-02", parameters=GENERATED).operations.get()
    with pytest.raises(WrongState, match="There is no password to see yet"):
        press(alice, operation)
    assert actions() == []


def test_asking_rings_for_a_worker(
    ended: ReimageOperation,
    alice: User,
    monkeypatch: pytest.MonkeyPatch,
    django_capture_on_commit_callbacks: Any,
) -> None:
    rung: list[str] = []
    monkeypatch.setattr(doorbell.current_app, "send_task", lambda name, **_: rung.append(name))
    with django_capture_on_commit_callbacks(execute=True):
        asked(alice, ended)
    assert rung == ["reimage.tasks.answer_password_views"]
    tasks.answer_password_views()
    assert PasswordView.objects.get().ciphertext is not None


def test_the_sweep_answers_too(ended: ReimageOperation, alice: User) -> None:
    asked(alice, ended)
    tasks.do_duties()
    assert PasswordView.objects.get().ciphertext is not None


@pytest.mark.parametrize("ring", ["", "gone.pem", "other.pem"])
def test_a_worker_without_its_key_raises_an_alarm_until_it_is_back(
    ended: ReimageOperation, alice: User, settings: Any, tmp_path: Path, ring: str
) -> None:
    other = X25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (tmp_path / "other.pem").write_bytes(other)
    (tmp_path / "other.pem").chmod(0o400)
    right, settings.SEALING_PRIVATE_KEY_FILE = settings.SEALING_PRIVATE_KEY_FILE, ring and str(tmp_path / ring)
    tasks.do_duties()
    assert not ExecutionAlarm.objects.exists()  # nobody waits for it
    asked(alice, ended)
    tasks.do_duties()
    assert ExecutionAlarm.objects.get().kind == "sealing_key_missing"
    settings.SEALING_PRIVATE_KEY_FILE = right
    ExecutionAlarm.objects.update(seen_at=timezone.now() - alarms.CALM)
    tasks.do_duties()
    assert not ExecutionAlarm.objects.exists()
    assert PasswordView.objects.get().ciphertext is not None


def test_a_key_that_is_there_is_no_alarm(ended: ReimageOperation, alice: User) -> None:
    asked(alice, ended)
    alarms.watch_execution(now=timezone.now())
    assert not ExecutionAlarm.objects.exists()


def test_the_database_keeps_nothing_of_what_was_seen(ended: ReimageOperation, alice: User) -> None:
    asked(alice, ended)
    with pytest.raises(IntegrityError):
        PasswordView.objects.update(ciphertext=b"x", seen_at=timezone.now())


def test_neither_answer_shows_itself() -> None:
    assert f"{Shown('Correct-Horse-7')!r} {Asked(b'key')!r}" == "Shown() Asked()"
