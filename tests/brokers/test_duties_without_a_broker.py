"""No broker and no beat: the worker does by itself all that beat rings for."""

from collections.abc import Callable
from pathlib import Path

from deploy.audit_key import make_private_key
from portal.celery import app
from tests.brokers.conftest import Story
from tests.installation import wait_for
from tests.ports import free_port

LONG_AGO = "2020-01-01 00:00:00+00:00"
NOBODY_DID_THEM = f"""
import django
django.setup()
from portal.health.models import DutyRun
DutyRun.objects.bulk_create(DutyRun(name=name, ended_at="{LONG_AGO}") for name in {list(app.conf.beat_schedule)})
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
