"""Limits of time on PostgreSQL: nothing waits for ever, and nobody waits behind somebody who was forgotten."""

from datetime import timedelta
from typing import Any

import pytest
from django.core.management import call_command
from django.db import OperationalError, connection, transaction
from django.db.models.signals import pre_migrate
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from portal.identity.models import User
from reimage.domain.request_states import RequestState
from reimage.models import ReimageOperation, ReimageRequest, SealedSecret
from reimage.services.decision import expire_reimage_requests
from reimage.services.view_answers import expire_unseen_passwords
from tests.cast import client_of
from tests.crashes.on_postgresql import only_on_postgresql, somebody_else
from tests.passwords import GENERATED
from tests.sandbox_process import SandboxProcess
from tests.stories import approved, request_reimage, run

pytestmark = only_on_postgresql


def setting(name: str) -> str:
    with connection.cursor() as cursor:
        cursor.execute(f"SHOW {name}")
        return str(cursor.fetchone()[0])


@pytest.fixture
def short_waits(transactional_db: None) -> Any:
    """The same limits, a hundred times shorter."""
    with connection.cursor() as cursor:
        cursor.execute("SET statement_timeout = '200ms'")
        cursor.execute("SET lock_timeout = '50ms'")
    yield
    connection.close()


def test_each_session_carries_its_limits(db: None) -> None:
    limits = ("statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout")
    found = {name: setting(name) for name in (*limits, "application_name")}
    assert found == {
        "statement_timeout": "20s",
        "lock_timeout": "5s",
        "idle_in_transaction_session_timeout": "30s",
        "application_name": "reimage-portal",
    }


def test_a_statement_that_takes_too_long_ends_as_a_database_that_does_not_answer(short_waits: None) -> None:
    with pytest.raises(OperationalError, match="statement timeout"), connection.cursor() as cursor:
        cursor.execute("SELECT pg_sleep(60)")


def test_a_page_that_waits_for_a_lock_too_long_explains_itself(short_waits: None, alice: User) -> None:
    client: Client = client_of(alice)
    with somebody_else() as other:
        other.execute("LOCK TABLE reimage_reimagerequest IN ACCESS EXCLUSIVE MODE")
        response = client.get("/requests/")
    assert (response.status_code, response["Retry-After"]) == (503, "30")
    assert client.get("/requests/").status_code == 200


def test_a_request_that_somebody_decides_right_now_does_not_hold_up_the_expiry_of_others(
    transactional_db: None, azure: SandboxProcess, alice: User
) -> None:
    held, free = request_reimage(alice, "web-01"), request_reimage(alice, "web-02")
    ReimageRequest.objects.update(expires_at=timezone.now())
    with somebody_else() as other:
        other.execute("SELECT 1 FROM reimage_reimagerequest WHERE id = %s FOR UPDATE", [held.pk])
        assert expire_reimage_requests(now=timezone.now()) == 1
    free.refresh_from_db()
    assert free.state == RequestState.EXPIRED
    assert expire_reimage_requests(now=timezone.now()) == 1


def test_a_password_that_somebody_holds_right_now_does_not_hold_up_the_end_of_others(
    transactional_db: None, azure: SandboxProcess, alice: User, bob: User, settings: Settings
) -> None:
    settings.PASSWORD_MODE = "generated"
    held, _ = (run(approved(alice, bob, name, parameters=GENERATED), azure) for name in ("web-02", "web-04"))
    ReimageOperation.objects.update(finished_at=timezone.now() - timedelta(days=3))
    with somebody_else() as other:
        other.execute("SELECT 1 FROM reimage_reimagerequest WHERE id = %s FOR UPDATE", [held.pk])
        assert expire_unseen_passwords(now=timezone.now()) == 1
    assert SealedSecret.objects.get().operation.reimage_request == held
    assert expire_unseen_passwords(now=timezone.now()) == 1
    assert not SealedSecret.objects.exists()


def test_a_migration_gives_up_rather_than_let_everybody_wait_behind_it(
    short_waits: None,
) -> None:
    with somebody_else() as other:
        other.execute("LOCK TABLE django_migrations IN ACCESS EXCLUSIVE MODE")
        with pytest.raises(OperationalError, match="lock timeout"):
            call_command("migrate", verbosity=0)


def test_a_migration_may_take_longer_than_a_page(short_waits: None) -> None:
    def take_long(**_: object) -> None:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SELECT pg_sleep(0.3)")

    pre_migrate.connect(take_long)
    try:
        call_command("migrate", verbosity=0)
    finally:
        pre_migrate.disconnect(take_long)
