from dataclasses import replace
from itertools import permutations

import pytest

from reimage.domain.errors import DomainError
from reimage.domain.parameters import ReimageParameters
from reimage.domain.plan import build_plan, request_digest
from reimage.domain.resource_ids import VirtualMachineId
from tests.domain.samples import ALICE, BOB, SUBSCRIPTION, WEB_02


def plan_of(name, **parameters):
    facts = replace(WEB_02, resource_id=VirtualMachineId(SUBSCRIPTION, "rg-web", name))
    return build_plan(facts, ReimageParameters(**parameters))


PLANS = [plan_of("web-01"), plan_of("web-02"), plan_of("web-03")]
WORDS = {"justification": "Malware on all three", "requester": ALICE, "ticket": "INC-1", "reference": "R-7"}


def test_it_does_not_depend_on_the_order_of_the_machines():
    assert len({request_digest(order, **WORDS) for order in permutations(PLANS)}) == 1


@pytest.mark.parametrize(
    "changes",
    [{"justification": "Malware on all four"}, {"requester": BOB}, {"ticket": "INC-2"}, {"reference": "R-8"}],
)
def test_it_binds_who_asks_and_why(changes):
    assert request_digest(PLANS, **WORDS | changes) != request_digest(PLANS, **WORDS)


@pytest.mark.parametrize(
    "plans", [PLANS[:2], [*PLANS, plan_of("web-04")], [*PLANS[:2], plan_of("web-03", exact_version="0.1")]]
)
def test_it_binds_every_plan(plans):
    assert request_digest(plans, **WORDS) != request_digest(PLANS, **WORDS)


def test_it_cannot_be_met_by_moving_words_between_fields():
    moved = WORDS | {"ticket": "", "justification": "Malware on all threeINC-1"}
    assert request_digest(PLANS, **moved) != request_digest(PLANS, **WORDS)


@pytest.mark.parametrize("plans", [[], [plan_of("web-01"), plan_of("WEB-01")]])
def test_it_refuses_no_plan_and_two_plans_of_one_machine(plans):
    with pytest.raises(DomainError, match="at least one plan, and one only for each"):
        request_digest(plans, **WORDS)
