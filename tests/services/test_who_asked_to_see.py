"""A generated password opens for the key that its requester's event in the log names, and for nothing else."""

from typing import Any

import pytest
from django.db import transaction
from django.utils import timezone
from structlog.testing import capture_logs

from portal.audit.actors import Actor
from portal.audit.services import record
from portal.identity.models import User
from reimage import audit_actions
from reimage.models import PasswordView, ReimageOperation
from reimage.services import view_keys
from reimage.services.password_views import Asked, Shown, record_view
from reimage.services.view_answers import answer_views
from tests.audit.sealing.tampering import run as run_sql
from tests.passwords import GENERATED
from tests.sandbox_process import SandboxProcess
from tests.services.test_password_views import asked, press
from tests.stories import approved, run


@pytest.fixture
def ended(azure: SandboxProcess, alice: User, bob: User, settings: Any) -> ReimageOperation:
    """Reimaged; its password waits to be seen."""
    settings.PASSWORD_MODE = "generated"
    return run(approved(alice, bob, "web-02", parameters=GENERATED), azure).operations.get()


@pytest.mark.asvs("V8.2.3")
def test_a_row_that_nobody_asked_for_opens_nothing(ended: ReimageOperation, alice: User) -> None:
    """As whoever writes to the database could make it, and as if she had asked with another key."""
    stolen = view_keys.new_private_key()
    row = {"public_key": view_keys.public_half(stolen), "ciphertext": None, "asked_at": timezone.now()}
    PasswordView.objects.create(operation=ended, **row)
    assert answer_views(now=timezone.now()) == 0
    asked(alice, ended)
    PasswordView.objects.update(**row)
    with capture_logs() as logs:
        assert answer_views(now=timezone.now()) == 0
        assert answer_views(now=timezone.now()) == 0
    assert [line["event"] for line in logs] == ["password_view.nobody_asked"]
    key = asked(alice, ended)
    assert answer_views(now=timezone.now()) == 1
    assert isinstance(press(alice, ended, key), Shown)


def test_a_view_that_was_asked_for_before_keys_were_recorded_is_asked_for_anew(
    ended: ReimageOperation, alice: User
) -> None:
    private_key = view_keys.new_private_key()
    row = {"public_key": view_keys.public_half(private_key), "ciphertext": None, "asked_at": timezone.now()}
    PasswordView.objects.create(operation=ended, **row)
    record_view(audit_actions.PASSWORD_ASKED, ended, Actor.person(alice))
    assert answer_views(now=timezone.now()) == 0
    assert isinstance(press(alice, ended, private_key), Asked)
    assert answer_views(now=timezone.now()) == 1


@pytest.mark.asvs("V8.2.3")
def test_columns_that_say_she_asked_open_nothing(ended: ReimageOperation, alice: User) -> None:
    """As whoever may add rows could: the body, which is sealed, names another, so the log would never tell."""
    stolen = view_keys.new_private_key()
    public_key = view_keys.public_half(stolen)
    with transaction.atomic():
        event = record(
            action=audit_actions.OPERATION_ACCEPTED,
            actor=Actor.system("worker"),
            subject=ended.reimage_request.audit_subject,
            detail={"operation": ended.pk, "view_key_sha256": view_keys.view_key_sha256(public_key)},
        )
    run_sql(
        "UPDATE audit_auditevent SET action = %s, actor_object_id = %s WHERE id = %s",
        parameters=[audit_actions.PASSWORD_ASKED.name, str(alice.object_id), event.pk],
    )
    PasswordView.objects.create(operation=ended, public_key=public_key, ciphertext=None, asked_at=timezone.now())
    assert answer_views(now=timezone.now()) == 0
    assert not PasswordView.objects.exists()


@pytest.mark.parametrize("body", [b"\xff{", b"{}", b"[]"])
def test_a_damaged_event_of_asking_opens_nothing_and_keeps_nobody_from_asking_anew(
    ended: ReimageOperation, alice: User, body: bytes
) -> None:
    """As a superuser could leave it, with triggers off."""
    asked(alice, ended)
    run_sql("UPDATE audit_auditevent SET body = %s WHERE action = 'generated_password.requested'", parameters=[body])
    assert answer_views(now=timezone.now()) == 0
    assert not PasswordView.objects.exists()
    key = asked(alice, ended)
    assert answer_views(now=timezone.now()) == 1
    assert isinstance(press(alice, ended, key), Shown)
