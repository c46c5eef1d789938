from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reimage.domain.parameters import ReimageParameters
from reimage.domain.plan import DeleteOptionChange, FieldDrift, build_plan, drift
from reimage.domain.resource_ids import VirtualMachineId
from reimage.domain.virtual_machine import DeleteOption, ImageReference, OsType
from tests.domain.samples import MANAGED_DISK, SUBSCRIPTION, WEB_02, WINDOWS_IMAGE, with_disk

PLAN = build_plan(WEB_02, ReimageParameters())
TO_DELETE = build_plan(WEB_02, ReimageParameters(), delete_option_change=DeleteOptionChange.DELETE)

MATERIAL = {
    "resource_id": {"resource_id": VirtualMachineId(SUBSCRIPTION, "rg-web", "web-04")},
    "vm_id": {"vm_id": "recreated"},
    "location": {"location": "japanwest"},
    "os_type": {"os_type": OsType.LINUX},
    "image_urn": {"image": replace(WINDOWS_IMAGE, sku="2025-datacenter")},
    "image_id": {"image": replace(WINDOWS_IMAGE, id="/subscriptions/…/galleries/g/images/i")},
    "image_exact_version": {"image": replace(WINDOWS_IMAGE, exact_version="20348.1.1")},
    "os_disk_id": {"os_disk": replace(MANAGED_DISK, resource_id="/subscriptions/…/disks/another")},
    "ephemeral": {"os_disk": replace(MANAGED_DISK, ephemeral=True)},
    "delete_option": {"os_disk": replace(MANAGED_DISK, delete_option=DeleteOption.DELETE)},
}


def fields(plan, facts, *, applied=False):
    return [moved.field for moved in drift(plan, facts, delete_option_applied=applied)]


def test_it_finds_nothing_where_nothing_moved():
    assert drift(PLAN, WEB_02, delete_option_applied=False) == ()


@pytest.mark.parametrize(("field", "changes"), MATERIAL.items())
def test_it_names_the_field_that_moved_and_only_that(field, changes):
    assert fields(PLAN, replace(WEB_02, **changes)) == [field]


def test_it_tells_what_was_approved_and_what_was_found():
    moved = replace(WEB_02, vm_id="recreated", location="japanwest")
    assert drift(PLAN, moved, delete_option_applied=False) == (
        FieldDrift("vm_id", WEB_02.vm_id, "recreated"),
        FieldDrift("location", "japaneast", "japanwest"),
    )


def test_a_disk_that_lost_its_id_has_drifted():
    assert drift(PLAN, with_disk(resource_id=None), delete_option_applied=False) == (
        FieldDrift("os_disk_id", MANAGED_DISK.resource_id, None),
    )


@pytest.mark.parametrize(
    ("applied", "found", "drifted"),
    [
        (False, DeleteOption.DETACH, []),
        (False, DeleteOption.DELETE, ["delete_option"]),
        (True, DeleteOption.DELETE, []),
        (True, DeleteOption.DETACH, ["delete_option"]),
    ],
)
def test_it_expects_the_delete_option_of_before_and_then_that_of_the_plan(applied, found, drifted):
    assert fields(TO_DELETE, with_disk(delete_option=found), applied=applied) == drifted


def test_a_plan_without_a_change_expects_the_same_option_throughout():
    for applied in (False, True):
        assert fields(PLAN, WEB_02, applied=applied) == []
        assert fields(PLAN, with_disk(delete_option=DeleteOption.DELETE), applied=applied) == ["delete_option"]


def test_it_does_not_mind_another_spelling_of_the_same_ids():
    shouted = replace(
        with_disk(resource_id=str(MANAGED_DISK.resource_id).upper()),
        resource_id=VirtualMachineId.parse(str(WEB_02.resource_id).upper()),
        vm_id=WEB_02.vm_id.upper(),
        location="JapanEast",
    )
    assert fields(PLAN, shouted) == []


@given(
    st.sampled_from(["running", "deallocated", "stopped", None]),
    st.sampled_from(["Succeeded", "Failed", "Updating"]),
    st.dictionaries(st.text(), st.text()),
    st.none() | st.integers(1, 4095),
    st.lists(st.text()).map(tuple),
)
def test_it_does_not_mind_what_decides_nothing(power_state, provisioning_state, tags, size_gb, data_disks):
    moved = replace(
        with_disk(size_gb=size_gb, storage_type=None, name="renamed"),
        power_state=power_state,
        provisioning_state=provisioning_state,
        tags=tags,
        data_disk_names=data_disks,
        computer_name="renamed",
        image=WINDOWS_IMAGE,
    )
    assert fields(PLAN, moved) == []


def test_an_image_that_was_never_known_has_not_drifted():
    facts = replace(WEB_02, image=ImageReference())
    assert fields(build_plan(facts, ReimageParameters()), facts) == []
