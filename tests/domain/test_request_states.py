import pytest

from reimage.domain.errors import DomainError
from reimage.domain.operation_states import OperationState
from reimage.domain.request_states import (
    CANCELABLE,
    OPEN,
    TERMINAL,
    RequestState,
    allowed,
    mermaid,
    request_outcome,
)

S = RequestState
SUCCEEDED = (OperationState.SUCCEEDED, False)
WITH_PROBLEMS = (OperationState.SUCCEEDED, True)
FAILED = (OperationState.FAILED, False)
DRIFTED = (OperationState.DRIFTED, False)
CANCELED = (OperationState.CANCELED, False)


def test_it_is_decided_once():
    decided = {S.APPROVED, S.REJECTED, S.CANCELED, S.EXPIRED}
    assert {target for target in S if allowed(S.PENDING_APPROVAL, target)} == decided
    assert not any(allowed(one, other) for one in decided for other in decided - {S.CANCELED})


@pytest.mark.asvs("V2.3.1")
def test_nothing_executes_that_was_not_approved():
    assert [source for source in S if allowed(source, S.EXECUTING)] == [S.APPROVED]
    assert [source for source in S if allowed(source, S.APPROVED)] == [S.PENDING_APPROVAL]


def test_the_requester_can_cancel_until_it_executes():
    assert {S.PENDING_APPROVAL, S.APPROVED} == CANCELABLE


def test_every_state_is_a_draft_or_open_or_an_end():
    assert {S.DRAFT} | OPEN | TERMINAL == set(S)
    assert not OPEN & TERMINAL


def test_it_draws_every_state():
    assert all(f" {state}\n" in mermaid() for state in S)


@pytest.mark.parametrize(
    ("operations", "outcome"),
    [
        ([SUCCEEDED], S.COMPLETED),
        ([SUCCEEDED, SUCCEEDED], S.COMPLETED),
        ([SUCCEEDED, WITH_PROBLEMS], S.COMPLETED_WITH_PROBLEMS),
        ([WITH_PROBLEMS], S.COMPLETED_WITH_PROBLEMS),
        ([SUCCEEDED, FAILED], S.COMPLETED_WITH_PROBLEMS),
        ([SUCCEEDED, CANCELED], S.COMPLETED_WITH_PROBLEMS),
        ([SUCCEEDED, DRIFTED], S.COMPLETED_WITH_PROBLEMS),
        ([FAILED], S.FAILED),
        ([FAILED, DRIFTED, CANCELED], S.FAILED),
    ],
)
def test_its_outcome_is_that_of_its_machines(operations, outcome):
    assert request_outcome(iter(operations)) is outcome
    assert request_outcome(reversed(operations)) is outcome
    assert allowed(S.EXECUTING, outcome)


@pytest.mark.parametrize("operations", [[], [SUCCEEDED, (OperationState.NEEDS_ATTENTION, False)]])
def test_it_has_no_outcome_before_every_machine_has_one(operations):
    with pytest.raises(DomainError, match="every one of them has ended"):
        request_outcome(operations)
