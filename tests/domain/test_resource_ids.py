import pytest
from hypothesis import given
from hypothesis import strategies as st

from reimage.domain.resource_ids import InvalidResourceId, VirtualMachineId
from tests.domain.samples import SUBSCRIPTION

WEB_01 = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/rg-web/providers/Microsoft.Compute/virtualMachines/web-01"

guids = st.uuids().map(str)
group_names = st.from_regex(r"[A-Za-z0-9_().-]{0,89}[A-Za-z0-9_()-]", fullmatch=True)
machine_names = st.from_regex(r"[A-Za-z0-9]([A-Za-z0-9_.-]{0,62}[A-Za-z0-9_])?", fullmatch=True)
machine_ids = st.builds(VirtualMachineId, guids, group_names, machine_names)


@given(machine_ids)
def test_it_reads_back_every_id_that_it_writes(vm_id):
    assert VirtualMachineId.parse(str(vm_id)) == vm_id


@given(machine_ids)
def test_it_has_one_key_for_every_spelling(vm_id):
    assert VirtualMachineId.parse(str(vm_id).upper()).key == vm_id.key == VirtualMachineId.parse(vm_id.key).key


def test_it_keeps_the_spelling_it_was_given():
    text = WEB_01.replace("rg-web", "RG-Web").replace("web-01", "Web-01")
    assert str(VirtualMachineId.parse(text)) == text


def test_it_knows_the_parts():
    assert VirtualMachineId.parse(WEB_01) == VirtualMachineId(SUBSCRIPTION, "rg-web", "web-01")


def test_it_accepts_the_lower_cased_path_of_resource_graph():
    assert VirtualMachineId.parse(WEB_01.lower()).key == WEB_01.lower()


@pytest.mark.parametrize("name", ["a", "a" * 64, "web.01", "scale-set_1a2b3c4d", "仮想マシン1"])
def test_it_accepts_a_machine_name_that_azure_accepts(name):
    assert VirtualMachineId(SUBSCRIPTION, "rg-web", name).name == name


@pytest.mark.parametrize("group", ["g" * 90, "(rg).web_1-", "リソース"])
def test_it_accepts_a_group_name_that_azure_accepts(group):
    assert VirtualMachineId(SUBSCRIPTION, group, "web-01").resource_group == group


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("", "expected /subscriptions/…/resourceGroups/…/providers/Microsoft.Compute/virtualMachines/…"),
        (WEB_01[1:], "expected /subscriptions/…"),
        ("https://management.azure.com" + WEB_01, "expected /subscriptions/…"),
        (WEB_01 + "/", "expected /subscriptions/…"),
        (WEB_01 + "/extensions/agent", "expected /subscriptions/…"),
        (WEB_01.removesuffix("/virtualMachines/web-01"), "expected /subscriptions/…"),
        (WEB_01.replace("virtualMachines", "disks"), 'expected "virtualMachines" before'),
        (WEB_01.replace("resourceGroups", "groups"), 'expected "resourceGroups" before'),
        (WEB_01.replace("Microsoft.Compute", "Microsoft.Network"), "the provider must be Microsoft.Compute"),
        (WEB_01.replace(SUBSCRIPTION, "Production"), "the subscription id must be a GUID"),
        (WEB_01.replace(SUBSCRIPTION, SUBSCRIPTION + "\n"), "the subscription id must be a GUID"),
        (WEB_01.replace("rg-web", ""), "1 to 90 characters"),
        (WEB_01.replace("rg-web", "g" * 91), "1 to 90 characters"),
        (WEB_01.replace("rg-web", "rg web"), "a resource group name holds"),
        (WEB_01.replace("rg-web", "rg-web."), "cannot end with a period"),
        (WEB_01.replace("web-01", ""), "1 to 64 characters"),
        (WEB_01.replace("web-01", "w" * 65), "1 to 64 characters"),
        (WEB_01.replace("web-01", "web 01"), "a virtual machine name holds"),
        (WEB_01.replace("web-01", "web-01?api-version=1"), "a virtual machine name holds"),
        (WEB_01.replace("web-01", "web%2F01"), "a virtual machine name holds"),
        (WEB_01.replace("web-01", "web-\u202e01"), "a virtual machine name holds"),
        (WEB_01.replace("web-01", ".."), "starts with a letter or a digit"),
        (WEB_01.replace("web-01", "_web"), "starts with a letter or a digit"),
        (WEB_01.replace("web-01", "web-"), "cannot end with a hyphen or a period"),
        (WEB_01.replace("web-01", "web."), "cannot end with a hyphen or a period"),
    ],
)
@pytest.mark.asvs("V1.3.3")
def test_it_refuses_what_is_no_machine_and_says_what_is_wrong(text, fault):
    with pytest.raises(InvalidResourceId) as refusal:
        VirtualMachineId.parse(text)
    assert fault in refusal.value.fault
    assert fault in str(refusal.value)


def test_it_refuses_a_letter_that_would_pass_for_another_in_lower_case():
    kelvin = "rg-\u212aiosk"
    assert kelvin.lower() == "rg-kiosk"
    with pytest.raises(InvalidResourceId, match="a resource group name holds"):
        VirtualMachineId(SUBSCRIPTION, kelvin, "web-01")


def test_it_refuses_the_same_when_it_is_built_from_parts():
    with pytest.raises(InvalidResourceId):
        VirtualMachineId(SUBSCRIPTION, "rg-web/providers/Microsoft.Compute", "web-01")


def test_it_repeats_a_hostile_text_escaped_and_cut():
    with pytest.raises(InvalidResourceId) as refusal:
        VirtualMachineId.parse("/\u202e\n\x1b[31m" + "x" * 10_000)
    message = str(refusal.value)
    assert message.split(" is not")[0].isascii()
    assert "\n" not in message
    assert len(message) < 600
