import pytest

from reimage.domain.errors import RuleViolation
from reimage.domain.parameters import ReimageParameters, encode_custom_data, validate_parameters
from reimage.domain.virtual_machine import OsType
from tests.domain.samples import GOOD_PASSWORD


def codes(*, ephemeral=False, os_type=OsType.LINUX, **fields):
    found = validate_parameters(ReimageParameters(**fields), os_type=os_type, ephemeral=ephemeral)
    return [(violation.field, violation.code) for violation in found]


@pytest.mark.parametrize("ephemeral", [True, False])
def test_it_accepts_no_parameters_at_all(ephemeral):
    assert codes(ephemeral=ephemeral) == []


def test_it_accepts_everything_that_belongs_to_each_kind_of_disk():
    assert codes(ephemeral=True, temp_disk=True, exact_version="1.0.0") == []
    custom_data = encode_custom_data("#cloud-config")
    assert codes(exact_version="1.0.0", admin_password=GOOD_PASSWORD, custom_data=custom_data) == []


@pytest.mark.asvs("V2.2.3")
def test_it_refuses_the_temp_disk_of_a_machine_without_an_ephemeral_os_disk():
    assert codes(temp_disk=True) == [("temp_disk", "temp_disk_needs_ephemeral")]


def test_it_lets_a_temp_disk_be_refused_in_words_anywhere():
    assert codes(temp_disk=False) == []


@pytest.mark.parametrize("name", ["admin_password", "custom_data"])
@pytest.mark.asvs("V2.2.3")
def test_it_refuses_the_os_profile_of_an_ephemeral_os_disk(name):
    value = {"admin_password": GOOD_PASSWORD, "custom_data": "YQ=="}[name]
    assert codes(ephemeral=True, **{name: value}) == [(name, "os_profile_needs_non_ephemeral")]


@pytest.mark.parametrize(
    "version", ["10.0.14393.0", "0.1", "aaaaaa", "7.5.201808150", "20348.1234.220101", "1.0.0-rc_1", "1" * 100]
)
def test_it_accepts_a_version_that_was_seen_or_documented(version):
    assert codes(exact_version=version) == []


@pytest.mark.parametrize("version", ["", " ", "\t\n", "\u3000"])
def test_it_refuses_a_blank_version(version):
    assert codes(exact_version=version) == [("exact_version", "exact_version_blank")]


@pytest.mark.parametrize("version", ["1.0\n", "1\x00", "1.\u202e0", "1.\u200b0", "1 0", "１.０", "<b>", "-1", '1"'])
@pytest.mark.asvs("V1.3.3", "V2.2.1")
def test_it_refuses_a_version_with_characters_that_no_version_has(version):
    assert codes(exact_version=version) == [("exact_version", "exact_version_characters")]


@pytest.mark.parametrize("length", [101, 10_000])
@pytest.mark.asvs("V1.3.3")
def test_it_refuses_an_endless_version(length):
    found = validate_parameters(ReimageParameters(exact_version="1" * length), os_type=OsType.LINUX, ephemeral=False)
    assert found == (RuleViolation("exact_version", "exact_version_too_long", {"maximum": 100}),)


@pytest.mark.asvs("V2.2.1")
def test_it_applies_the_password_rules_of_the_operating_system():
    assert codes(os_type=OsType.LINUX, admin_password="aB3456") == []
    assert codes(os_type=OsType.WINDOWS, admin_password="aB3456") == [("admin_password", "password_too_short")]


def test_it_takes_an_empty_password_for_a_password():
    assert ("admin_password", "password_too_short") in codes(admin_password="")


@pytest.mark.asvs("V2.2.1")
def test_it_names_every_broken_rule_in_the_order_of_the_fields():
    found = codes(temp_disk=True, exact_version="", admin_password="abc@123", custom_data="?")
    assert found == [
        ("temp_disk", "temp_disk_needs_ephemeral"),
        ("exact_version", "exact_version_blank"),
        ("admin_password", "password_disallowed"),
        ("custom_data", "custom_data_not_base64"),
    ]


def test_its_repr_hides_the_secrets():
    shown = repr(ReimageParameters(admin_password="Canary-Password-1", custom_data="Q2FuYXJ5"))
    assert "Canary" not in shown
    assert "Q2FuYXJ5" not in shown
