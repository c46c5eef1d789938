"""/metrics: Prometheus can read it, only with the token, and what it tells is what is stored."""

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from prometheus_client.parser import text_string_to_metric_families
from pytest_django import Settings

from portal.audit.actors import Actor
from portal.identity.models import User
from reimage.domain.operation_states import OperationState
from reimage.models import ExecutionAlarm, Notice, NoticeKind, ReimageOperation
from reimage.services.inventory import synchronize_inventory
from tests.health.signs_of_life import all_is_well
from tests.pages.rows import reimage_request, virtual_machine
from tests.sandbox_process import SandboxProcess

pytestmark = pytest.mark.django_db
TOKEN = "a-token-for-tests-only"
SERVED = "reimage_operations"


def samples(client: Client) -> dict[str, float]:
    """Each sample by its name and labels, as Prometheus' own parser reads them."""
    text = client.get("/metrics").content.decode()
    return {
        sample.name + "".join(f"[{value}]" for value in sample.labels.values()): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def test_it_tells_of_work_people_wait_for(client: Client, alice: User) -> None:
    all_is_well()
    made = reimage_request(alice, virtual_machine("web-01"), virtual_machine("web-02"))
    first, second = made.operations.all()
    ReimageOperation.objects.filter(pk=first.pk).update(state=OperationState.QUEUED, next_at=timezone.now())
    ReimageOperation.objects.filter(pk=second.pk).update(state=OperationState.NEEDS_ATTENTION)
    Notice.objects.create(reimage_request=made, kind=NoticeKind.SUBMITTED, next_at=timezone.now())
    found = samples(client)
    assert found["reimage_operations[needs_attention]"] == 1
    assert found["reimage_operations[queued]"] == 1
    assert found["reimage_operations[in_progress]"] == 0
    assert found["reimage_requests[pending_approval]"] == 1
    assert found["reimage_due_operations"] == 1
    assert 0 <= found["reimage_oldest_due_age_seconds"] < 60
    assert found["reimage_notices_pending"] == 1
    assert found["portal_workers"] == 1
    assert found["portal_check_ok[worker_hearing]"] == 1


def test_it_tells_how_old_the_inventory_is_and_how_far_the_log_got(client: Client, sandbox: SandboxProcess) -> None:
    assert "reimage_inventory_age_seconds" not in samples(client)
    synchronize_inventory(actor=Actor.system("test"), now=timezone.now())
    found = samples(client)
    assert 0 <= found["reimage_inventory_age_seconds"] < 60
    assert found["portal_audit_last_event_number"] >= 1
    assert 0 <= found["portal_audit_last_event_age_seconds"] < 60


def test_it_wants_the_token_where_there_is_one(client: Client, settings: Settings) -> None:
    settings.METRICS_TOKEN = TOKEN
    for wrong in ("", "Bearer", "Bearer wrong", f"Basic {TOKEN}", TOKEN):
        refused = client.get("/metrics", headers={"Authorization": wrong} if wrong else {})
        assert (refused.status_code, refused["WWW-Authenticate"], refused.content) == (401, "Bearer", b"")
    given = client.get("/metrics", headers={"Authorization": f"Bearer {TOKEN}"})
    assert given.status_code == 200
    assert given["Content-Type"].startswith("text/plain; version=")


def test_a_served_portal_without_a_token_has_no_metrics(client: Client, settings: Settings) -> None:
    settings.METRICS_ARE_OPEN = False
    assert client.get("/metrics").status_code == 404


def test_it_costs_the_same_for_many_rows(client: Client, alice: User, settings: Settings) -> None:
    settings.AUDIT_PUBLIC_KEYS = "sealed"  # so that what waits for the sealer is looked for, by two queries

    def cost() -> int:
        with CaptureQueriesContext(connection) as captured:
            client.get("/metrics")
        return len(captured)

    cheap = cost()
    for number in range(30):
        reimage_request(alice, virtual_machine(f"vm-{number}"))
    assert cost() == cheap
    assert cheap <= 16


def test_it_tells_what_holds_execution_up(client: Client) -> None:
    ExecutionAlarm.objects.create(kind="step_keeps_crashing", raised_at=timezone.now())
    found = samples(client)
    assert found["reimage_alarms[step_keeps_crashing]"] == 1
    assert found["reimage_alarms[azure_refuses]"] == 0
    assert found["reimage_alarms[paused]"] == 0


@pytest.mark.parametrize("address", ["/healthz", "/readyz", "/metrics"])
def test_probes_are_answered_without_tls(client: Client, settings: Settings, address: str) -> None:
    settings.SECURE_SSL_REDIRECT = True
    assert client.get(address).status_code != 301
    assert client.get("/").status_code == 301
