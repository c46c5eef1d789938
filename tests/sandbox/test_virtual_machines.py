"""Lists, single machines and instance views."""

import pytest

from tests.sandbox.client import Client, vm_path
from tests.sandbox_process import PRODUCTION, SandboxProcess

LIST_ALL = f"/subscriptions/{PRODUCTION}/providers/Microsoft.Compute/virtualMachines"
HAND_MADE = ["batch-01", "batch-02", "web-01", "web-02", "web-03", "web-04"]


def names_on_all_pages(client: Client, path: str) -> list[str]:
    names, url = [], path
    while url:
        page = client.get(url).json()
        assert len(page["value"]) <= 50
        names += [vm["name"] for vm in page["value"]]
        assert len(names) <= 120
        url = page.get("nextLink")
    return names


def test_it_lists_every_machine_of_a_subscription_once_over_its_pages(reader: Client) -> None:
    names = names_on_all_pages(reader, LIST_ALL)
    assert len(names) > 50
    assert len(names) == len(set(names))
    assert set(HAND_MADE) < set(names)


def test_a_page_that_holds_the_rest_has_no_next_link(reader: Client) -> None:
    page = reader.get(f"/subscriptions/{PRODUCTION}/resourceGroups/rg-web/providers/Microsoft.Compute/virtualMachines")
    assert [vm["name"] for vm in page.json()["value"]] == ["web-01", "web-02", "web-03", "web-04"]
    assert "nextLink" not in page.json()


def test_paging_survives_a_machine_deleted_between_pages(reader: Client, sandbox: SandboxProcess) -> None:
    first = reader.get(LIST_ALL).json()
    last = first["value"][-1]
    sandbox.drift(last["name"], group=last["id"].split("/")[4], delete=True)
    seen = {vm["name"] for vm in first["value"]} | set(names_on_all_pages(reader, first["nextLink"]))
    assert set(HAND_MADE) < seen


def test_it_refuses_a_skip_token_it_did_not_give(reader: Client) -> None:
    assert reader.get(LIST_ALL, params={"$skiptoken": "ÿ"}).status_code == 400


@pytest.mark.parametrize("query", [{"$expand": "instanceView"}, {"statusOnly": "true"}])
def test_a_list_carries_power_states_when_asked(reader: Client, query: dict[str, str]) -> None:
    for vm in reader.get(LIST_ALL, params=query).json()["value"]:
        codes = [status["code"] for status in vm["properties"]["instanceView"]["statuses"]]
        assert codes[0] == "ProvisioningState/succeeded"
        assert codes[1].startswith("PowerState/")


def test_it_carries_no_instance_view_unasked(reader: Client) -> None:
    assert "instanceView" not in reader.vm("web-01")["properties"]


def test_it_shows_a_deallocated_machine(reader: Client) -> None:
    vm = reader.get(vm_path("web-04"), params={"$expand": "instanceView"}).json()
    assert vm["properties"]["instanceView"]["statuses"][1]["code"] == "PowerState/deallocated"
    view = reader.get(f"{vm_path('web-04')}/instanceView").json()
    assert view == vm["properties"]["instanceView"]


def test_an_ephemeral_os_disk_is_local_and_has_a_name_and_an_id_too(reader: Client) -> None:
    os_disk = reader.vm("web-01")["properties"]["storageProfile"]["osDisk"]
    assert os_disk["diffDiskSettings"] == {"option": "Local", "placement": "CacheDisk"}
    assert os_disk["deleteOption"] == "Delete"
    assert os_disk["caching"] == "ReadOnly"
    assert os_disk["name"]
    assert os_disk["managedDisk"]["id"]


def test_the_hand_made_machines_are_as_agreed(reader: Client) -> None:
    facts = {}
    for name in HAND_MADE:
        profile = reader.vm(name, f"rg-{name[:-3]}")["properties"]["storageProfile"]
        os_disk = profile["osDisk"]
        facts[name] = (os_disk["osType"], "diffDiskSettings" in os_disk, os_disk["deleteOption"])
    assert facts == {
        "web-01": ("Linux", True, "Delete"),
        "web-02": ("Windows", False, "Detach"),
        "web-03": ("Linux", False, "Delete"),
        "web-04": ("Windows", False, "Delete"),
        "batch-01": ("Linux", False, "Detach"),
        "batch-02": ("Linux", True, "Delete"),
    }
    assert reader.vm("batch-01", "rg-batch")["tags"] == {"env": "test", "owner": "batch"}


def test_the_same_seed_makes_the_same_machines_and_another_seed_others(reader: Client, sandbox: SandboxProcess) -> None:
    first = reader.get(LIST_ALL).json()
    sandbox.reset(seed=2)
    second = reader.get(LIST_ALL).json()
    sandbox.reset(seed=1)
    assert reader.get(LIST_ALL).json() == first
    assert second != first


@pytest.mark.parametrize(
    ("path", "code"),
    [
        (vm_path("web-99"), "ResourceNotFound"),
        (vm_path("web-01", "rg-none"), "ResourceGroupNotFound"),
        (vm_path("web-01", subscription="aaaaaaaa-0000-4000-8000-000000000009"), "SubscriptionNotFound"),
        ("/subscriptions/x/providers/Microsoft.Nothing", "NotFound"),
    ],
)
def test_it_says_what_does_not_exist(reader: Client, path: str, code: str) -> None:
    answer = reader.get(path)
    assert answer.status_code == 404
    assert answer.json()["error"]["code"] == code
