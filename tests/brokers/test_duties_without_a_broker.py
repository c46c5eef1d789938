"""No broker and no beat: the worker does by itself all that beat rings for."""

from collections.abc import Callable
from pathlib import Path

import pytest

from deploy.audit_key import make_private_key
from portal.celery import app
from tests.brokers.conftest import Story
from tests.cast import ALICE
from tests.installation import wait_for
from tests.ports import free_port

pytestmark = pytest.mark.own_database

LONG_AGO = "2020-01-01 00:00:00+00:00"
NOBODY_DID_THEM = f"""
import django
django.setup()
from portal.health.models import DutyRun
DutyRun.objects.bulk_create(DutyRun(name=name, ended_at="{LONG_AGO}") for name in {list(app.conf.beat_schedule)})
"""

ALICE_SIGNS_IN = """
import django
django.setup()
from django.contrib.auth import SESSION_KEY
from portal.identity import sessions
from portal.identity.session_store import SessionStore
from django.utils import timezone
from tests.cast import ALICE, make_user
session = SessionStore()
session[SESSION_KEY] = str(make_user(ALICE).pk)
sessions.begin(session, timezone.now())
session.create()
"""


def test_every_duty_is_done_though_nobody_rings(story: Callable[..., Story], tmp_path: Path) -> None:
    key = tmp_path / "audit-signing.pem"
    make_private_key(key)
    broker = f"redis://127.0.0.1:{free_port()}/0"
    installation = story(broker, SWEEPER_GRACE_SECONDS=1, AUDIT_SIGNING_KEY_FILE=key).installation
    installation.run("-c", NOBODY_DID_THEM)
    worker = installation.start_worker()

    def late() -> list[tuple[str]]:
        return installation.query("SELECT name FROM health_dutyrun WHERE ended_at < '2021-01-01'")

    wait_for(lambda: not late(), of="the end of every duty")
    wait_for(lambda: installation.query("SELECT 1 FROM audit_auditcheckpoint"), of="a sealed log")
    assert installation.query("SELECT 1 FROM audit_auditevent WHERE action = 'inventory.synchronized'")
    assert installation.end(worker) == 0


def test_the_session_of_a_closed_account_ends_though_nobody_rings(story: Callable[..., Story]) -> None:
    broker = f"redis://127.0.0.1:{free_port()}/0"
    installation = story(broker, SWEEPER_GRACE_SECONDS=1, ACCOUNT_CHECK_SECONDS=1).installation
    installation.run("-c", ALICE_SIGNS_IN)
    worker = installation.start_worker()
    wait_for(
        lambda: installation.query("SELECT 1 FROM health_dutyrun WHERE name = 'accounts' AND ended_at > '2021-01-01'"),
        of="a look",
    )
    assert installation.query("SELECT 1 FROM identity_session")
    installation.sandbox.entra(person=str(ALICE.object_id), enabled=False)
    wait_for(lambda: not installation.query("SELECT 1 FROM identity_session"), of="the end of the session")
    assert installation.end(worker) == 0
