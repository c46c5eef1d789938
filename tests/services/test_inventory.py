"""The inventory mirrors Azure; what vanished is marked, and a failed reading marks nothing."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from portal.audit.actors import Actor
from portal.audit.models import AuditEvent
from reimage.azure.errors import AzureError, AzureUnavailable
from reimage.models import VirtualMachine, VirtualMachineTag
from reimage.services import inventory as service
from reimage.services.inventory import Synchronization, synchronize_inventory
from tests.sandbox_process import SandboxProcess

GRAPH = {"path_contains": "Microsoft.ResourceGraph"}


def synchronize(*, minutes: int = 5) -> Synchronization:
    return synchronize_inventory(actor=Actor.system("test"), now=timezone.now() + timedelta(minutes=minutes))


def test_it_mirrors_every_machine_of_every_subscription(azure: SandboxProcess) -> None:
    assert VirtualMachine.objects.count() == 20
    assert VirtualMachine.objects.values("subscription_id").distinct().count() == 2
    machine = VirtualMachine.objects.get(name="web-01")
    assert (machine.os_type, machine.ephemeral, machine.delete_option) == ("Linux", True, "Delete")
    assert machine.resource_key == machine.resource_id.lower()
    assert machine.power_state == "running"
    assert VirtualMachine.objects.get(name="web-04").power_state == "deallocated"
    assert VirtualMachine.objects.get(name="web-02").image.count(":") == 3


def test_it_follows_what_changes(azure: SandboxProcess) -> None:
    azure.drift("web-02", delete_option="Delete", tags={"Env": "Production"})
    assert synchronize() == Synchronization(seen=20, vanished=0)
    machine = VirtualMachine.objects.get(name="web-02")
    assert machine.delete_option == "Delete"
    tag = machine.tag_rows.get(name_key="env")
    assert tag.value == "Production"


def test_tags_are_rows_that_do_not_pile_up(azure: SandboxProcess) -> None:
    rows = VirtualMachineTag.objects.count()
    assert rows > 0
    synchronize()
    assert VirtualMachineTag.objects.count() == rows


def test_what_vanished_is_marked_and_comes_back(azure: SandboxProcess) -> None:
    azure.drift("web-02", delete=True)
    assert synchronize(minutes=5) == Synchronization(seen=19, vanished=1)
    assert VirtualMachine.objects.get(name="web-02").vanished_at is not None
    assert synchronize(minutes=6).vanished == 0
    azure.reset()
    assert synchronize(minutes=7) == Synchronization(seen=20, vanished=0)
    assert VirtualMachine.objects.get(name="web-02").vanished_at is None


def test_each_synchronisation_is_recorded(azure: SandboxProcess) -> None:
    event = AuditEvent.objects.get(action="inventory.synchronized")
    assert b'"seen":20' in bytes(event.body)


def test_it_lists_the_subscriptions_where_resource_graph_is_refused(azure: SandboxProcess) -> None:
    VirtualMachine.objects.all().delete()
    azure.clear()
    azure.faults("status", match=GRAPH, status=403, code="AuthorizationFailed")
    assert synchronize() == Synchronization(seen=20, vanished=0)
    lists = [entry for entry in azure.ledger(method="GET") if entry["path"].lower().endswith("/virtualmachines")]
    assert len(lists) >= 2
    assert {entry["api_version"] for entry in lists} == {"2024-07-01"}


def test_both_ways_see_the_same(azure: SandboxProcess) -> None:
    columns = [name for name in service.MIRRORED if name != "synced_at"]
    by_graph = list(VirtualMachine.objects.order_by("resource_key").values(*columns))
    azure.faults("status", match=GRAPH, status=403)
    synchronize()
    assert list(VirtualMachine.objects.order_by("resource_key").values(*columns)) == by_graph


@pytest.mark.parametrize(
    ("fault", "script"),
    [("status", {"status": 503}), ("status", {"status": 429, "retry_after": 1200}), ("reset_before", {"times": 2})],
)
def test_nothing_is_marked_while_azure_does_not_answer(
    azure: SandboxProcess, fault: str, script: dict[str, Any]
) -> None:
    azure.drift("web-02", delete=True)
    azure.faults(fault, match=GRAPH, **script)
    with pytest.raises(AzureUnavailable):
        synchronize()
    assert not VirtualMachine.objects.filter(vanished_at__isnull=False).exists()


def test_nothing_is_marked_when_the_second_way_fails_half_way(azure: SandboxProcess) -> None:
    azure.drift("web-02", delete=True)
    azure.faults("status", match=GRAPH, status=403)
    azure.faults("status", match={"path_contains": "aaaaaaaa-0000-4000-8000-000000000002"}, status=404)
    with pytest.raises(AzureError):
        synchronize()
    assert not VirtualMachine.objects.filter(vanished_at__isnull=False).exists()


def test_a_synchronisation_beside_it_makes_no_machine_vanish(azure: SandboxProcess) -> None:
    VirtualMachine.objects.filter(name="web-01").update(synced_at=timezone.now() - timedelta(hours=1))
    store = service._store

    def store_while_an_older_one_writes(batch: Any, now: Any) -> None:
        store(batch, now)
        VirtualMachine.objects.update(synced_at=now - timedelta(minutes=1))

    with pytest.MonkeyPatch.context() as moment:
        moment.setattr(service, "_store", store_while_an_older_one_writes)
        assert synchronize() == Synchronization(seen=20, vanished=0)


def test_a_row_of_another_shape_is_left_out_and_named(
    azure: SandboxProcess, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    from reimage.azure import inventory

    real = inventory.facts_from_document

    def refuse_web_01(document: dict[str, Any], **options: Any) -> Any:
        if document["name"] == "web-01":
            raise ValueError
        return real(document, **options)

    monkeypatch.setattr(inventory, "facts_from_document", refuse_web_01)
    assert synchronize() == Synchronization(seen=19, vanished=1)
    assert "web-01" in caplog.text


def test_it_reads_page_by_page(azure: SandboxProcess, monkeypatch: pytest.MonkeyPatch) -> None:
    from reimage.azure import inventory

    monkeypatch.setattr(inventory, "PAGE_SIZE", 7)
    monkeypatch.setattr(service, "BATCH", 3)
    azure.clear()
    azure.drift("web-02", delete=True)
    assert synchronize() == Synchronization(seen=19, vanished=1)
    assert len([entry for entry in azure.ledger(method="POST") if "ResourceGraph" in entry["path"]]) == 3
