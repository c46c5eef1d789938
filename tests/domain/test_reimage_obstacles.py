from dataclasses import replace

import pytest

from reimage.domain.errors import RuleViolation
from reimage.domain.virtual_machine import ImageReference, reimage_obstacles
from tests.domain.samples import EPHEMERAL, WEB_02, WINDOWS_IMAGE, with_disk


@pytest.mark.parametrize("facts", [WEB_02, EPHEMERAL])
def test_it_finds_nothing_against_a_machine_at_rest(facts):
    assert reimage_obstacles(facts) == ()


@pytest.mark.parametrize(
    "state", ["Creating", "Updating", "Deleting", "Migrating", "updating", "Moving", "", "a word of next year"]
)
def test_it_refuses_a_machine_with_an_operation_under_way(state):
    (obstacle,) = reimage_obstacles(replace(WEB_02, provisioning_state=state))
    assert obstacle == RuleViolation("targets", "virtual_machine_busy", {"vm": "web-02", "provisioning_state": state})


def test_it_refuses_an_unmanaged_os_disk():
    (obstacle,) = reimage_obstacles(with_disk(resource_id=None))
    assert obstacle == RuleViolation("targets", "os_disk_unmanaged", {"vm": "web-02"})


def test_it_names_every_obstacle():
    busy = replace(with_disk(resource_id=None), provisioning_state="Updating")
    assert [obstacle.code for obstacle in reimage_obstacles(busy)] == ["virtual_machine_busy", "os_disk_unmanaged"]


@pytest.mark.parametrize(
    "changes",
    [
        {"provisioning_state": "Failed"},
        {"provisioning_state": "Canceled"},
        {"power_state": "deallocated"},
        {"power_state": None},
        {"image": ImageReference()},
        {"virtual_machine_scale_set_id": "/subscriptions/…/virtualMachineScaleSets/web"},
    ],
)
def test_it_does_not_invent_an_obstacle_where_azure_documents_none(changes):
    assert reimage_obstacles(replace(WEB_02, **changes)) == ()


def test_an_image_is_named_by_its_urn_or_its_id_or_not_known():
    assert WINDOWS_IMAGE.urn == "MicrosoftWindowsServer:WindowsServer:2022-datacenter-g2:latest"
    assert ImageReference(publisher="p", offer="o", sku="s").urn == "p:o:s:"
    gallery = ImageReference(id="/subscriptions/…/galleries/g/images/i", exact_version="1.0.0")
    assert (gallery.urn, gallery.is_known) == (None, True)
    assert not ImageReference(exact_version="1.0.0").is_known
