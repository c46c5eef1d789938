"""A password comes in the way that the installation chose, and a promise is of one that does not exist yet."""

import pytest

from reimage.domain.errors import RuleViolation
from reimage.domain.parameters import ReimageParameters, password_mode_violations
from reimage.domain.passwords import PasswordMode
from tests.domain.samples import GOOD_PASSWORD

DIFFERS = (RuleViolation("admin_password", "password_mode_differs"),)


@pytest.mark.parametrize("mode", PasswordMode)
def test_none_at_all_is_right_everywhere(mode):
    assert password_mode_violations(ReimageParameters(), mode) == ()


@pytest.mark.parametrize("mode", PasswordMode)
def test_a_typed_one_needs_the_mode_that_seals_it(mode):
    found = password_mode_violations(ReimageParameters(admin_password=GOOD_PASSWORD), mode)
    assert found == (() if mode is PasswordMode.SEALED else DIFFERS)


@pytest.mark.parametrize("mode", PasswordMode)
@pytest.mark.parametrize("promised", PasswordMode)
def test_a_promise_needs_its_own_mode_and_none_promises_a_sealed_one(mode, promised):
    found = password_mode_violations(ReimageParameters(promised_password=promised), mode)
    assert found == (() if mode is promised is not PasswordMode.SEALED else DIFFERS)


def test_a_typed_one_with_a_promise_of_it_is_refused():
    both = ReimageParameters(admin_password=GOOD_PASSWORD, promised_password=PasswordMode.SEALED)
    assert password_mode_violations(both, PasswordMode.SEALED) == DIFFERS
