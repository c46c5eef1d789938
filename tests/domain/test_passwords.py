import pytest
from hypothesis import given
from hypothesis import strategies as st

from reimage.domain.errors import RuleViolation
from reimage.domain.parameters import password_violations
from reimage.domain.passwords import DISALLOWED
from reimage.domain.virtual_machine import OsType
from tests.domain.samples import GOOD_PASSWORD

LINUX, WINDOWS = OsType.LINUX, OsType.WINDOWS


def codes(password, os_type):
    return [violation.code for violation in password_violations(password, os_type)]


@pytest.mark.parametrize("os_type", list(OsType))
def test_it_accepts_a_password_that_meets_every_rule(os_type):
    assert password_violations(GOOD_PASSWORD, os_type) == ()


@pytest.mark.parametrize(("os_type", "shortest", "longest"), [(WINDOWS, 8, 123), (LINUX, 6, 72)])
def test_it_accepts_the_shortest_and_the_longest_and_nothing_beyond(os_type, shortest, longest):
    def of_length(length):
        return "aB3" + "x" * (length - 3)

    assert codes(of_length(shortest), os_type) == []
    assert codes(of_length(longest), os_type) == []
    assert password_violations(of_length(shortest - 1), os_type) == (
        RuleViolation("admin_password", "password_too_short", {"minimum": shortest, "os_type": os_type.value}),
    )
    assert password_violations(of_length(longest + 1), os_type) == (
        RuleViolation("admin_password", "password_too_long", {"maximum": longest, "os_type": os_type.value}),
    )


@pytest.mark.parametrize("password", ["lowerUPPER12", "lowerlower1!", "lowerUPPER!!", "UPPERUPPER1_", "lower UPPER"])
def test_it_accepts_any_three_of_the_four_classes(password):
    assert codes(password, WINDOWS) == []


@pytest.mark.parametrize(
    ("password", "met", "missing"),
    [
        ("lowerlower", 1, "upper,digit,special"),
        ("lowerUPPER", 2, "digit,special"),
        ("UPPER12345", 2, "lower,special"),
        ("12345-6789", 2, "lower,upper"),
        ("__________", 1, "lower,upper,digit"),
    ],
)
def test_it_refuses_fewer_than_three_and_names_the_missing_ones(password, met, missing):
    params = {"met": met, "needed": 3, "missing": missing}
    assert password_violations(password, LINUX) == (RuleViolation("admin_password", "password_too_simple", params),)


@pytest.mark.parametrize("character", ["\n", "\r", "\t", "\0", "\x1b", "\x7f", "\x85"])
@pytest.mark.parametrize("os_type", list(OsType))
def test_it_refuses_a_control_character_wherever_it_stands(character, os_type):
    for password in (f"{character}{GOOD_PASSWORD}", f"aB3-{character}-xyz", f"{GOOD_PASSWORD}{character}"):
        assert codes(password, os_type) == ["password_control_character"]


@pytest.mark.parametrize("password", ["aB3 with spaces", "aB3-日本語です", "aB3-\u00a0-xyz"])
def test_what_can_be_typed_is_no_control_character(password):
    assert codes(password, WINDOWS) == []


@pytest.mark.parametrize("password", sorted(DISALLOWED))
@pytest.mark.parametrize("os_type", list(OsType))
def test_it_refuses_every_password_that_azure_lists(password, os_type):
    assert "password_disallowed" in codes(password, os_type)


def test_it_knows_both_printed_forms_and_the_whole_list():
    assert {"P@$$w0rd", "P@$$w 0rd"} <= DISALLOWED
    assert len(DISALLOWED) == 11


@pytest.mark.parametrize("password", ["PASSWORD1!", "pa$$Word1", "Password1 ", "xPassword1"])
def test_it_refuses_the_listed_values_only_as_they_are_printed(password):
    assert codes(password, WINDOWS) == []


def test_it_names_every_unmet_rule_of_nothing():
    assert codes("", WINDOWS) == ["password_too_short", "password_too_simple"]


@given(st.text(max_size=200), st.sampled_from(OsType))
def test_it_never_repeats_the_password(password, os_type):
    known = {"minimum", "maximum", "os_type", "met", "needed", "missing"}
    for violation in password_violations(password, os_type):
        assert violation.params.keys() <= known
        assert violation.field == "admin_password"
