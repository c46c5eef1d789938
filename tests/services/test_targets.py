"""Which machines a person may name in a request: their own by grant, one to fifty, each once."""

import pytest

from portal.errors import NotFound
from portal.identity.models import User
from reimage.models import GrantRole, ReimageRequest, VirtualMachine
from reimage.selectors import virtual_machines_for
from reimage.services import drafting
from reimage.services.errors import InvalidReimageRequest
from reimage.services.targets import find_targets, machine_page_facts
from tests.sandbox_process import SandboxProcess
from tests.stories import draft, request_reimage


def codes(err: InvalidReimageRequest) -> list[str]:
    return [finding.violation.code for finding in err.findings]


def test_it_finds_no_machine_beyond_the_grants_and_does_not_ask_azure(azure: SandboxProcess, alice: User) -> None:
    granted = virtual_machines_for(alice, GrantRole.REQUESTER).values("pk")
    foreign = VirtualMachine.objects.exclude(pk__in=granted)[0]
    azure.clear()
    with pytest.raises(NotFound, match="does not exist, or you may not"):
        draft(alice, "web-01", foreign.name)
    assert azure.ledger() == []
    assert not ReimageRequest.objects.exists()


def test_it_finds_nothing_for_a_stranger(azure: SandboxProcess, eve: User) -> None:
    azure.clear()
    with pytest.raises(NotFound):
        draft(eve, "web-01")
    assert azure.ledger() == []


def test_it_does_not_find_a_machine_that_does_not_exist(azure: SandboxProcess, alice: User) -> None:
    with pytest.raises(NotFound):
        find_targets(alice, [999_999_999])


def test_an_approver_is_no_requester(azure: SandboxProcess, bob: User) -> None:
    with pytest.raises(NotFound):
        draft(bob, "web-01")


def test_it_finds_a_machine_by_its_tag(azure: SandboxProcess, alice: User) -> None:
    assert draft(alice, "batch-01").operations.get().name == "batch-01"


@pytest.mark.parametrize(
    ("machine_ids", "code"),
    [
        ([], "no_virtual_machine"),
        (list(range(1, 52)), "too_many_virtual_machines"),
        ([7, 8, 7], "virtual_machine_repeated"),
    ],
)
def test_it_refuses_a_senseless_choice_before_asking_azure(
    azure: SandboxProcess, alice: User, machine_ids: list[int], code: str
) -> None:
    azure.clear()
    with pytest.raises(InvalidReimageRequest) as refused:
        find_targets(alice, machine_ids)
    assert codes(refused.value) == [code]
    assert azure.ledger() == []


def test_it_keeps_the_order_in_which_machines_were_chosen(azure: SandboxProcess, alice: User) -> None:
    names = ["web-03", "web-01", "web-02"]
    assert [operation.name for operation in draft(alice, *names).operations.all()] == names


def test_it_refuses_a_machine_that_azure_is_busy_with(azure: SandboxProcess, alice: User) -> None:
    azure.drift("web-01", provisioning_state="Updating")
    with pytest.raises(InvalidReimageRequest) as refused:
        draft(alice, "web-01")
    assert codes(refused.value) == ["virtual_machine_busy"]


def test_it_refuses_a_machine_that_vanished_since_the_synchronisation(azure: SandboxProcess, alice: User) -> None:
    azure.drift("web-01", delete=True)
    with pytest.raises(InvalidReimageRequest) as refused:
        draft(alice, "web-01", "web-02")
    assert codes(refused.value) == ["virtual_machine_vanished"]
    assert not ReimageRequest.objects.exists()


def test_it_refuses_a_machine_with_an_open_request(azure: SandboxProcess, alice: User) -> None:
    request_reimage(alice, "web-01")
    with pytest.raises(InvalidReimageRequest) as refused:
        draft(alice, "web-01", "web-02")
    assert codes(refused.value) == ["virtual_machine_has_open_request"]


def test_a_draft_occupies_no_machine(azure: SandboxProcess, alice: User) -> None:
    draft(alice, "web-01")
    assert draft(alice, "web-01").pk


def test_a_page_goes_without_facts_while_azure_does_not_answer(azure: SandboxProcess, alice: User) -> None:
    machine = VirtualMachine.objects.get(name="web-01")
    azure.faults("status", match={"path_contains": "web-01"}, status=503)
    facts, reason = machine_page_facts(machine)
    assert facts is None
    assert "does not answer" in reason


def test_a_page_says_so_when_the_machine_is_gone(azure: SandboxProcess, alice: User) -> None:
    azure.drift("web-01", delete=True)
    facts, reason = machine_page_facts(VirtualMachine.objects.get(name="web-01"))
    assert facts is None
    assert "web-01 no longer exists" in reason


def test_a_page_shows_fresh_facts(azure: SandboxProcess, alice: User) -> None:
    azure.drift("web-01", power_state="deallocated")
    facts, reason = machine_page_facts(VirtualMachine.objects.get(name="web-01"))
    assert facts is not None
    assert (facts.power_state, reason) == ("deallocated", "")


def test_it_needs_a_justification(azure: SandboxProcess, alice: User) -> None:
    machine = VirtualMachine.objects.get(name="web-01")
    with pytest.raises(InvalidReimageRequest) as refused:
        drafting.draft_reimage_request(
            requester=alice,
            targets=[drafting.TargetSettings(machine.pk, drafting.ReimageParameters())],
            justification=" \n",
            ticket="",
            language="en",
            now=machine.synced_at,
        )
    assert codes(refused.value) == ["justification_missing"]
