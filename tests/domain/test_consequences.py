from dataclasses import replace

import pytest

from reimage.domain.parameters import ReimageParameters
from reimage.domain.plan import ConsequenceCode as Code
from reimage.domain.plan import DeleteOptionChange, Severity, build_plan
from reimage.domain.virtual_machine import ImageReference
from tests.domain.samples import COMMITMENT, EPHEMERAL, GOOD_PASSWORD, SET_TO_DELETE, WEB_02, with_disk

NOTHING = ReimageParameters()
DISK = {"os_disk": "web-02_OsDisk_1", "size_gb": 127, "storage_type": "Premium_LRS"}


def codes(facts, parameters=NOTHING, **options):
    return [consequence.code for consequence in build_plan(facts, parameters, **options).consequences]


def the(code, facts, parameters=NOTHING, **options):
    (found,) = (item for item in build_plan(facts, parameters, **options).consequences if item.code is code)
    return found.severity, found.params


def test_it_tells_a_plain_reimage_from_what_is_lost_to_what_nobody_knows():
    assert codes(WEB_02) == [
        Code.OS_DISK_REPLACED,
        Code.OLD_OS_DISK_KEPT,
        Code.IMAGE_VERSION_KEPT,
        Code.IDENTITY_OF_VIRTUAL_MACHINE_STAYS,
        Code.DATA_DISKS_NOT_TOUCHED,
        Code.DATA_DISKS_UNDOCUMENTED,
        Code.TEMP_DISK_UNDOCUMENTED,
        Code.EXTENSIONS_UNDOCUMENTED,
        Code.MANAGED_IDENTITY_UNDOCUMENTED,
    ]


def test_it_keeps_that_order_when_everything_is_asked():
    everything = ReimageParameters(exact_version="0.1", admin_password=GOOD_PASSWORD, custom_data="YQ==")
    facts = replace(WEB_02, power_state="deallocated", image=ImageReference())
    change = DeleteOptionChange.DELETE
    assert codes(facts, everything, delete_option_change=change, password_commitment=COMMITMENT) == [
        Code.OS_DISK_REPLACED,
        Code.OLD_OS_DISK_DELETED,
        Code.DELETE_OPTION_STAYS_CHANGED,
        Code.IMAGE_VERSION_UNPROVEN,
        Code.IMAGE_UNKNOWN,
        Code.ADMIN_PASSWORD_SET,
        Code.CUSTOM_DATA_MUST_MATCH,
        Code.IDENTITY_OF_VIRTUAL_MACHINE_STAYS,
        Code.DATA_DISKS_NOT_TOUCHED,
        Code.DATA_DISKS_UNDOCUMENTED,
        Code.TEMP_DISK_UNDOCUMENTED,
        Code.EXTENSIONS_UNDOCUMENTED,
        Code.MANAGED_IDENTITY_UNDOCUMENTED,
        Code.NOT_RUNNING_UNDOCUMENTED,
    ]


def test_the_loss_of_the_os_disk_comes_first_as_a_danger():
    for facts in (WEB_02, SET_TO_DELETE, EPHEMERAL):
        first = build_plan(facts, NOTHING).consequences[0]
        assert (first.code, first.severity) == (Code.OS_DISK_REPLACED, Severity.DANGER)


def test_a_kept_disk_goes_on_costing_and_says_its_size():
    assert the(Code.OLD_OS_DISK_KEPT, WEB_02) == (Severity.WARNING, DISK)


def test_a_kept_disk_of_unknown_size_claims_none():
    unknown = with_disk(size_gb=None, storage_type=None)
    assert the(Code.OLD_OS_DISK_KEPT, unknown) == (Severity.WARNING, {"os_disk": "web-02_OsDisk_1"})


def test_a_deleted_disk_is_a_danger():
    assert the(Code.OLD_OS_DISK_DELETED, SET_TO_DELETE) == (Severity.DANGER, DISK)
    assert Code.OLD_OS_DISK_KEPT not in codes(SET_TO_DELETE)


def test_an_ephemeral_disk_is_always_lost():
    assert the(Code.EPHEMERAL_OS_DISK_RESET, EPHEMERAL) == (Severity.DANGER, DISK)
    assert not {Code.OLD_OS_DISK_KEPT, Code.OLD_OS_DISK_DELETED} & set(codes(EPHEMERAL))


@pytest.mark.parametrize(
    ("facts", "change", "before", "after", "fate"),
    [
        (WEB_02, DeleteOptionChange.DELETE, "Detach", "Delete", Code.OLD_OS_DISK_DELETED),
        (SET_TO_DELETE, DeleteOptionChange.DETACH, "Delete", "Detach", Code.OLD_OS_DISK_KEPT),
    ],
)
def test_a_changed_delete_option_decides_the_fate_and_stays_afterwards(facts, change, before, after, fate):
    plan = build_plan(facts, NOTHING, delete_option_change=change)
    assert [item.code for item in plan.delete_option_warnings] == [fate, Code.DELETE_OPTION_STAYS_CHANGED]
    assert plan.delete_option_warnings[1].params == {"before": before, "after": after}


@pytest.mark.parametrize(
    ("facts", "warnings"),
    [
        (WEB_02, [Code.OLD_OS_DISK_KEPT]),
        (SET_TO_DELETE, [Code.OLD_OS_DISK_DELETED]),
        (EPHEMERAL, [Code.EPHEMERAL_OS_DISK_RESET]),
    ],
)
def test_every_plan_has_a_warning_about_its_delete_option(facts, warnings):
    assert [item.code for item in build_plan(facts, NOTHING).delete_option_warnings] == warnings


def test_an_asked_temp_disk_is_lost_and_otherwise_not_documented():
    asked = ReimageParameters(temp_disk=True)
    assert the(Code.TEMP_DISK_REIMAGED, EPHEMERAL, asked) == (Severity.DANGER, {})
    assert Code.TEMP_DISK_UNDOCUMENTED not in codes(EPHEMERAL, asked)
    assert the(Code.TEMP_DISK_UNDOCUMENTED, EPHEMERAL) == (Severity.INFO, {})


def test_a_version_is_kept_or_asked_for_without_proof():
    asked = ReimageParameters(exact_version="0.1")
    assert the(Code.IMAGE_VERSION_KEPT, WEB_02) == (Severity.INFO, {"exact_version": "20348.2762.241006"})
    assert the(Code.IMAGE_VERSION_UNPROVEN, WEB_02, asked) == (Severity.WARNING, {"exact_version": "0.1"})
    assert Code.IMAGE_VERSION_KEPT not in codes(WEB_02, asked)


def test_a_version_that_azure_does_not_tell_is_not_made_up():
    gallery = replace(WEB_02, image=ImageReference(id="/subscriptions/…/galleries/g/images/i"))
    assert the(Code.IMAGE_VERSION_KEPT, gallery) == (Severity.INFO, {})


def test_a_machine_without_an_image_is_warned_about():
    assert the(Code.IMAGE_UNKNOWN, replace(WEB_02, image=ImageReference())) == (Severity.WARNING, {})
    assert Code.IMAGE_VERSION_KEPT not in codes(replace(WEB_02, image=ImageReference()))


def test_data_disks_are_counted_and_passed_over_where_there_are_none():
    assert the(Code.DATA_DISKS_NOT_TOUCHED, WEB_02) == (Severity.INFO, {"count": 2})
    without = codes(replace(WEB_02, data_disk_names=()))
    assert not {Code.DATA_DISKS_NOT_TOUCHED, Code.DATA_DISKS_UNDOCUMENTED} & set(without)


@pytest.mark.parametrize(("power_state", "warned"), [("deallocated", True), ("Running", False), (None, False)])
def test_a_machine_that_does_not_run_is_warned_about(power_state, warned):
    assert (Code.NOT_RUNNING_UNDOCUMENTED in codes(replace(WEB_02, power_state=power_state))) is warned
