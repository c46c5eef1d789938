from dataclasses import replace

import pytest

from reimage.domain.errors import RuleViolation, RuleViolationError
from reimage.domain.parameters import ReimageParameters
from reimage.domain.plan import DeleteOptionChange, Step, build_plan, delete_option_violations
from reimage.domain.virtual_machine import DeleteOption
from tests.domain.samples import COMMITMENT, EPHEMERAL, GOOD_PASSWORD, MANAGED_DISK, SET_TO_DELETE, WEB_02, with_disk

NOTHING = ReimageParameters()
KEEP, TO_DETACH, TO_DELETE = DeleteOptionChange


def test_it_copies_what_identifies_the_machine_and_its_disk():
    plan = build_plan(WEB_02, NOTHING)
    assert plan.resource_id == WEB_02.resource_id
    assert plan.vm_id == WEB_02.vm_id
    assert plan.image == WEB_02.image
    assert (plan.os_disk_id, plan.os_disk_name) == (MANAGED_DISK.resource_id, "web-02_OsDisk_1")
    assert (plan.size_gb, plan.storage_type, plan.ephemeral) == (127, "Premium_LRS", False)
    assert (plan.location, plan.os_type, plan.data_disk_count) == ("japaneast", "Windows", 2)
    assert (plan.power_state, plan.provisioning_state) == ("running", "Succeeded")


@pytest.mark.parametrize(
    ("facts", "change", "at_reimage", "steps"),
    [
        (WEB_02, KEEP, DeleteOption.DETACH, (Step.REIMAGE, Step.VERIFY)),
        (WEB_02, TO_DETACH, DeleteOption.DETACH, (Step.REIMAGE, Step.VERIFY)),
        (WEB_02, TO_DELETE, DeleteOption.DELETE, (Step.SET_DELETE_OPTION, Step.REIMAGE, Step.VERIFY)),
        (SET_TO_DELETE, KEEP, DeleteOption.DELETE, (Step.REIMAGE, Step.VERIFY)),
        (SET_TO_DELETE, TO_DELETE, DeleteOption.DELETE, (Step.REIMAGE, Step.VERIFY)),
        (SET_TO_DELETE, TO_DETACH, DeleteOption.DETACH, (Step.SET_DELETE_OPTION, Step.REIMAGE, Step.VERIFY)),
        (EPHEMERAL, KEEP, DeleteOption.DELETE, (Step.REIMAGE, Step.VERIFY)),
    ],
)
def test_it_changes_the_delete_option_first_and_only_where_it_differs(facts, change, at_reimage, steps):
    plan = build_plan(facts, NOTHING, delete_option_change=change)
    assert plan.delete_option_before is facts.os_disk.delete_option
    assert plan.delete_option_at_reimage is at_reimage
    assert plan.steps == steps
    assert plan.changes_delete_option is (Step.SET_DELETE_OPTION in steps)


@pytest.mark.parametrize("change", [TO_DETACH, TO_DELETE])
def test_it_refuses_to_change_the_delete_option_of_an_ephemeral_os_disk(change):
    violation = RuleViolation("delete_option", "delete_option_fixed_for_ephemeral", {"vm": "web-02"})
    assert delete_option_violations(EPHEMERAL, change) == (violation,)
    with pytest.raises(RuleViolationError) as refusal:
        build_plan(EPHEMERAL, NOTHING, delete_option_change=change)
    assert refusal.value.violations == (violation,)


def test_it_refuses_parameters_that_do_not_fit_and_says_which():
    with pytest.raises(RuleViolationError, match="temp_disk: temp_disk_needs_ephemeral") as refusal:
        build_plan(WEB_02, ReimageParameters(temp_disk=True, custom_data="?"))
    assert [violation.field for violation in refusal.value.violations] == ["temp_disk", "custom_data"]


def test_it_makes_no_plan_of_an_unmanaged_os_disk():
    with pytest.raises(RuleViolationError, match="os_disk_unmanaged"):
        build_plan(with_disk(resource_id=None), NOTHING)


def test_it_plans_for_a_busy_machine_so_that_the_plan_can_be_shown():
    assert build_plan(replace(WEB_02, provisioning_state="Updating"), NOTHING).provisioning_state == "Updating"


def test_it_keeps_no_secret_anywhere():
    secret = "Canary-Password-1"
    custom_data = "Q2FuYXJ5LURhdGE="
    plan = build_plan(
        WEB_02, ReimageParameters(admin_password=secret, custom_data=custom_data), password_commitment=COMMITMENT
    )
    for shown in (repr(plan), repr(plan.as_document())):
        assert "Canary" not in shown
        assert custom_data not in shown
        assert COMMITMENT in shown


def test_it_has_no_body_where_nothing_is_asked():
    assert build_plan(WEB_02, NOTHING).body is None


def test_it_carries_the_fingerprinted_body():
    plan = build_plan(WEB_02, ReimageParameters(admin_password=GOOD_PASSWORD), password_commitment=COMMITMENT)
    assert plan.body == {"osProfile": {"adminPassword": {"commitment": COMMITMENT}}}
