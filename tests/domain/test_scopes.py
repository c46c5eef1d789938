import pytest
from hypothesis import given

from reimage.domain.resource_ids import InvalidResourceId, Scope, ScopeKind, VirtualMachineId
from tests.domain.samples import OTHER_SUBSCRIPTION, SUBSCRIPTION
from tests.domain.test_resource_ids import machine_ids

WEB_01 = VirtualMachineId(SUBSCRIPTION, "rg-web", "web-01")
SUBSCRIPTION_SCOPE = Scope(SUBSCRIPTION)
GROUP_SCOPE = Scope(SUBSCRIPTION, "rg-web")
MACHINE_SCOPE = Scope(SUBSCRIPTION, "rg-web", "web-01")


@pytest.mark.parametrize(
    ("scope", "kind"),
    [
        (SUBSCRIPTION_SCOPE, ScopeKind.SUBSCRIPTION),
        (GROUP_SCOPE, ScopeKind.RESOURCE_GROUP),
        (MACHINE_SCOPE, ScopeKind.VIRTUAL_MACHINE),
    ],
)
def test_it_reads_back_what_it_writes_and_knows_its_kind(scope, kind):
    assert Scope.parse(str(scope)) == scope
    assert Scope.parse(scope.key).key == str(scope).lower()
    assert scope.kind is kind


@given(machine_ids)
def test_it_contains_what_is_in_it_however_spelled(vm_id):
    for scope in (
        Scope(vm_id.subscription_id),
        Scope(vm_id.subscription_id, vm_id.resource_group),
        Scope.parse(vm_id.key),
    ):
        assert scope.contains(vm_id)
        assert scope.contains(VirtualMachineId.parse(str(vm_id).upper()))


@pytest.mark.parametrize(
    "stranger",
    [
        VirtualMachineId(SUBSCRIPTION, "rg-web2", "web-01"),
        VirtualMachineId(SUBSCRIPTION, "rg", "web-01"),
        VirtualMachineId(OTHER_SUBSCRIPTION, "rg-web", "web-01"),
    ],
)
def test_it_does_not_contain_what_is_beside_it(stranger):
    assert not GROUP_SCOPE.contains(stranger)
    assert not MACHINE_SCOPE.contains(stranger)


def test_it_does_not_contain_a_longer_machine_name():
    assert not MACHINE_SCOPE.contains(VirtualMachineId(SUBSCRIPTION, "rg-web", "web-012"))


def test_it_does_not_contain_another_subscription():
    assert not SUBSCRIPTION_SCOPE.contains(VirtualMachineId(OTHER_SUBSCRIPTION, "rg-web", "web-01"))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "/",
        "/subscriptions",
        "/subscriptions/",
        f"/subscriptions/{SUBSCRIPTION}/",
        f"/subscriptions/{SUBSCRIPTION}/resourceGroups/rg-web/providers/Microsoft.Compute",
        f"/subscriptions/{SUBSCRIPTION}/resourceGroups/rg-web/providers/Microsoft.Compute/disks/d",
        "/providers/Microsoft.Management/managementGroups/all",
        str(WEB_01) + "/extensions/agent",
    ],
)
@pytest.mark.asvs("V1.3.3")
def test_it_refuses_every_other_kind_of_scope(text):
    with pytest.raises(InvalidResourceId):
        Scope.parse(text)


def test_it_refuses_a_machine_without_its_group():
    with pytest.raises(InvalidResourceId, match="needs its resource group"):
        Scope(SUBSCRIPTION, None, "web-01")
