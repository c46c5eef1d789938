import pytest

from reimage.domain.errors import RuleViolation
from reimage.domain.policy import request_size_violations, target_violations
from reimage.domain.resource_ids import VirtualMachineId
from tests.domain.samples import SUBSCRIPTION


def machines(*names):
    return [VirtualMachineId(SUBSCRIPTION, "rg-web", name) for name in names]


@pytest.mark.parametrize("count", [1, 50])
def test_it_accepts_one_to_fifty_machines(count):
    assert request_size_violations(count) == ()
    assert target_violations(machines(*(f"web-{number}" for number in range(count)))) == ()


def test_it_refuses_none():
    assert request_size_violations(0) == target_violations([]) == (RuleViolation("targets", "no_virtual_machine"),)


@pytest.mark.asvs("V2.3.2")
def test_it_refuses_fifty_one():
    too_many = RuleViolation("targets", "too_many_virtual_machines", {"maximum": 50, "count": 51})
    assert request_size_violations(51) == (too_many,)
    assert target_violations(machines(*(f"web-{number}" for number in range(51)))) == (too_many,)


def test_it_names_each_machine_that_comes_twice_however_spelled():
    found = target_violations(machines("web-01", "web-02", "WEB-01", "web-03", "web-03"))
    assert [(violation.code, violation.params["vm"]) for violation in found] == [
        ("virtual_machine_repeated", "WEB-01"),
        ("virtual_machine_repeated", "web-03"),
    ]
