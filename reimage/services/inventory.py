"""Mirrors Azure's machines into the inventory. What vanished is marked, never deleted: requests refer to it."""

from collections.abc import Iterable, Iterator, Set
from dataclasses import dataclass
from datetime import datetime
from itertools import islice

from django.conf import settings
from django.db import transaction

from portal.audit.actors import Actor, Target
from portal.audit.services import record
from reimage import audit_actions
from reimage.domain.virtual_machine import VirtualMachineFacts
from reimage.models import VirtualMachine, VirtualMachineTag

BATCH = 1_000
MIRRORED = (
    "resource_id",
    "resource_group",
    "name",
    "vm_id",
    "location",
    "os_type",
    "image",
    "provisioning_state",
    "power_state",
    "ephemeral",
    "delete_option",
    "tags",
    "synced_at",
    "vanished_at",
)
# Names and location may come in another case, which Azure does not tell apart, and changes nothing.
OBSERVED = tuple(
    name for name in MIRRORED if name not in {"resource_id", "resource_group", "name", "location", "synced_at"}
)


@dataclass(frozen=True, slots=True)
class Synchronization:
    """How many machines Azure listed, and how many the inventory lost."""

    seen: int
    vanished: int


def synchronize_inventory(*, actor: Actor, now: datetime) -> Synchronization:
    """Reads every configured subscription. Raises an AzureError, having marked nothing as vanished, if that fails."""
    from reimage.azure.inventory import list_virtual_machines  # heavy import, workers only

    seen: set[str] = set()
    facts = list_virtual_machines(settings.AZURE_SUBSCRIPTIONS)
    while batch := list(islice(facts, BATCH)):
        seen |= {machine.resource_id.key for machine in batch}
        with transaction.atomic():
            _store(batch, now)
    with transaction.atomic():
        result = Synchronization(seen=len(seen), vanished=_mark_vanished(seen, now))
        record(
            action=audit_actions.INVENTORY_SYNCHRONIZED,
            actor=actor,
            target=Target("inventory", "", ", ".join(settings.AZURE_SUBSCRIPTIONS)),
            detail={"seen": result.seen, "vanished": result.vanished},
        )
    return result


def follow(facts: VirtualMachineFacts, *, now: datetime) -> None:
    """A machine that was just read shows in the inventory as it is. Writes only where that is something new."""
    fresh = _row(facts, now)
    stored = VirtualMachine.objects.filter(resource_key=fresh.resource_key).first()
    if stored and any(getattr(stored, name) != getattr(fresh, name) for name in OBSERVED):
        with transaction.atomic():
            _store([facts], now)


def _mark_vanished(seen: Set[str], now: datetime) -> int:
    """By what was seen, not by time alone: another synchronisation may be writing its own time meanwhile."""
    candidates = VirtualMachine.objects.filter(synced_at__lt=now, vanished_at__isnull=True)
    gone = [pk for pk, key in candidates.values_list("pk", "resource_key") if key not in seen]
    return sum(
        candidates.filter(pk__in=gone[start : start + BATCH]).update(vanished_at=now)
        for start in range(0, len(gone), BATCH)
    )


def _store(batch: Iterable[VirtualMachineFacts], now: datetime) -> None:
    rows = [_row(facts, now) for facts in batch]
    unique = {row.resource_key: row for row in rows}
    VirtualMachine.objects.bulk_create(
        unique.values(), update_conflicts=True, unique_fields=["resource_key"], update_fields=MIRRORED
    )
    stored = dict(VirtualMachine.objects.filter(resource_key__in=unique).values_list("resource_key", "pk"))
    VirtualMachineTag.objects.filter(virtual_machine_id__in=stored.values()).delete()
    VirtualMachineTag.objects.bulk_create(
        tag for key, row in unique.items() for tag in _tag_rows(stored[key], row.tags)
    )


def _tag_rows(machine_id: int, tags: dict[str, str]) -> Iterator[VirtualMachineTag]:
    by_key = {name.lower(): value for name, value in tags.items()}
    for name_key, value in by_key.items():
        yield VirtualMachineTag(virtual_machine_id=machine_id, name_key=name_key, value=value)


def _row(facts: VirtualMachineFacts, now: datetime) -> VirtualMachine:
    vm_id = facts.resource_id
    return VirtualMachine(
        resource_key=vm_id.key,
        resource_id=str(vm_id),
        subscription_id=vm_id.subscription_id.lower(),
        resource_group_key=vm_id.resource_group.lower(),
        resource_group=vm_id.resource_group,
        name=vm_id.name,
        vm_id=facts.vm_id,
        location=facts.location,
        os_type=facts.os_type.value,
        image=facts.image.urn or facts.image.id or "",
        provisioning_state=facts.provisioning_state,
        power_state=facts.power_state or "",
        ephemeral=facts.os_disk.ephemeral,
        delete_option=facts.os_disk.delete_option.value,
        tags=dict(facts.tags),
        synced_at=now,
        vanished_at=None,
    )
