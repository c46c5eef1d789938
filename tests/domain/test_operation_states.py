from itertools import pairwise

import pytest

from reimage.domain.operation_states import (
    ACTIVE,
    CANCELABLE,
    LIFE_CYCLE,
    TERMINAL,
    WORKER_STATES,
    OperationState,
    allowed,
    mermaid,
)

S = OperationState


def walk(*states):
    return all(allowed(source, target) for source, target in pairwise(states))


@pytest.mark.parametrize(
    "path",
    [
        (S.PLANNED, S.AWAITING_APPROVAL, S.QUEUED, S.PREFLIGHT, S.SUBMITTING, S.IN_PROGRESS, S.VERIFYING, S.SUCCEEDED),
        (S.AWAITING_APPROVAL, S.AWAITING_PASSWORD, S.QUEUED),
        (S.AWAITING_PASSWORD, S.EXPIRED),
        (S.PREFLIGHT, S.SETTING_DELETE_OPTION, S.PREFLIGHT, S.SUBMITTING),
        (S.PREFLIGHT, S.SETTING_DELETE_OPTION, S.SUBMITTING),
        (S.SUBMITTING, S.OUTCOME_UNKNOWN, S.VERIFYING, S.SUCCEEDED),
        (S.IN_PROGRESS, S.OUTCOME_UNKNOWN, S.IN_PROGRESS),
        (S.OUTCOME_UNKNOWN, S.NEEDS_ATTENTION, S.VERIFYING),
        (S.NEEDS_ATTENTION, S.FAILED),
        (S.PREFLIGHT, S.DRIFTED),
    ],
)
def test_it_allows_the_ways_that_an_operation_goes(path):
    assert walk(*path)


def test_a_refused_post_goes_back_through_the_queue_and_a_new_preflight():
    assert walk(S.SUBMITTING, S.QUEUED, S.PREFLIGHT, S.SUBMITTING)
    assert walk(S.SUBMITTING, S.OUTCOME_UNKNOWN, S.QUEUED)
    assert LIFE_CYCLE.sources(S.SUBMITTING) == {S.PREFLIGHT, S.SETTING_DELETE_OPTION}


def reachable_from(start):
    seen, waiting = set(), [start]
    while waiting:
        for target in LIFE_CYCLE.table[waiting.pop()]:
            if target not in seen:
                seen.add(target)
                waiting.append(target)
    return seen


@pytest.mark.parametrize("state", [S.NEEDS_ATTENTION, S.VERIFYING])
@pytest.mark.asvs("V2.3.1")
def test_no_way_leads_from_a_sent_post_to_a_second_one(state):
    assert not reachable_from(state) & {S.QUEUED, S.PREFLIGHT, S.SETTING_DELETE_OPTION, S.SUBMITTING}


def test_after_a_post_only_a_refusal_leads_back_to_the_queue():
    """That evidence has to bear it out first is shown in tests/services/test_refusals.py."""
    before = {S.AWAITING_APPROVAL, S.AWAITING_PASSWORD, S.PREFLIGHT}
    assert LIFE_CYCLE.sources(S.QUEUED) == before | {S.SUBMITTING, S.OUTCOME_UNKNOWN}


def test_it_can_be_canceled_up_to_the_post_and_not_after():
    before_the_worker = {S.AWAITING_APPROVAL, S.AWAITING_PASSWORD, S.QUEUED}
    assert before_the_worker | {S.PREFLIGHT, S.SETTING_DELETE_OPTION} == CANCELABLE
    assert LIFE_CYCLE.sources(S.DRIFTED) == CANCELABLE - {S.AWAITING_PASSWORD}


def test_it_occupies_its_machine_from_submission_to_the_end():
    assert {S.PLANNED} | ACTIVE | TERMINAL == set(S)
    assert not ACTIVE & TERMINAL
    assert S.PLANNED not in ACTIVE
    assert {S.AWAITING_APPROVAL, S.OUTCOME_UNKNOWN, S.NEEDS_ATTENTION} <= ACTIVE


def test_a_worker_advances_every_active_state_that_waits_for_no_person():
    assert {S.AWAITING_APPROVAL, S.AWAITING_PASSWORD, S.NEEDS_ATTENTION} == ACTIVE - WORKER_STATES
    assert WORKER_STATES < ACTIVE


@pytest.mark.parametrize("state", sorted(TERMINAL))
def test_nothing_follows_an_end(state):
    assert not any(allowed(state, target) for target in S)


def test_it_draws_every_state():
    assert all(f" {state}\n" in mermaid() for state in S)
