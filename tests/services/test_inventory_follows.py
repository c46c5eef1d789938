"""What the portal itself changed, or saw while it worked, shows in the inventory at once, without a synchronisation."""

from datetime import datetime

import pytest
from django.utils import timezone

from portal.identity.models import User
from reimage.azure.virtual_machines import read_virtual_machine
from reimage.domain.operation_states import OperationState
from reimage.domain.plan import DeleteOptionChange
from reimage.domain.resource_ids import VirtualMachineId
from reimage.models import VirtualMachine
from reimage.services import inventory
from tests.cast import client_of
from tests.pages.reading import words
from tests.sandbox_process import SandboxProcess
from tests.stories import advance, advance_to, approved, run

KEPT, DELETED = "The old OS disk is kept", "The old OS disk will be DELETED"


def mirrored(name: str) -> VirtualMachine:
    return VirtualMachine.objects.get(name=name)


@pytest.mark.parametrize(
    ("machine", "change", "badge"),
    [("web-03", DeleteOptionChange.DETACH, KEPT), ("web-02", DeleteOptionChange.DELETE, DELETED)],
)
def test_a_changed_delete_option_shows_on_the_machines_page_and_the_machines_own(
    azure: SandboxProcess, alice: User, bob: User, machine: str, change: DeleteOptionChange, badge: str
) -> None:
    browser = client_of(alice)
    assert badge not in words(browser.get(f"/machines/?q={machine}"))
    run(approved(alice, bob, machine, change=change), azure)
    assert mirrored(machine).delete_option == change.value
    assert badge in words(browser.get(f"/machines/?q={machine}"))
    azure.faults("status", match={"verb": "GET", "vm": machine}, status=503, times=9)
    assert badge in words(browser.get(f"/machines/{mirrored(machine).pk}/"))  # by the inventory: Azure does not answer


def test_it_follows_before_the_reimage_is_sent(azure: SandboxProcess, alice: User, bob: User) -> None:
    operation = approved(alice, bob, "web-03", change=DeleteOptionChange.DETACH).operations.get()
    advance_to(operation, OperationState.SETTING_DELETE_OPTION)
    assert mirrored("web-03").delete_option == "Delete"  # asked for, not seen yet
    azure.advance_clock(20)
    advance(operation)
    assert mirrored("web-03").delete_option == "Detach"


def test_it_follows_what_a_reimage_left_behind(azure: SandboxProcess, alice: User, bob: User) -> None:
    operation = approved(alice, bob, "web-02").operations.get()
    advance_to(operation, OperationState.IN_PROGRESS)
    azure.advance_clock(100)
    advance_to(operation, OperationState.VERIFYING)
    azure.drift("web-02", power_state="stopped", delete_option="Delete", tags={"Env": "Production"})
    advance(operation)
    machine = mirrored("web-02")
    assert (machine.power_state, machine.delete_option) == ("stopped", "Delete")
    assert machine.tag_rows.get(name_key="env").value == "Production"


def test_what_shows_already_is_not_written_again(azure: SandboxProcess) -> None:
    before = mirrored("web-02")
    facts = read_virtual_machine(VirtualMachineId.parse(before.resource_id))
    inventory.follow(facts, now=timezone.now())
    assert mirrored("web-02").synced_at == before.synced_at


def test_a_machine_that_came_back_is_no_longer_marked_as_vanished(azure: SandboxProcess) -> None:
    VirtualMachine.objects.filter(name="web-02").update(vanished_at=timezone.now())
    facts = read_virtual_machine(VirtualMachineId.parse(mirrored("web-02").resource_id))
    now: datetime = timezone.now()
    inventory.follow(facts, now=now)
    assert (mirrored("web-02").vanished_at, mirrored("web-02").synced_at) == (None, now)
