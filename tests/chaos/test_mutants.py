"""The judge on trial: true evidence of a small campaign passes, and every way of spoiling it is found."""

from collections.abc import Callable

import pytest

from tests.chaos.evidence import Evidence
from tests.chaos.mutants import calls, execution, log
from tests.chaos.oracle import judge

Kind = Callable[[Evidence], execution.Mutants]
# The promise that each kind of mutant breaks, and how many of them this evidence gives at least.
KINDS: dict[Kind, tuple[str, int]] = {
    execution.lost_requests: ("lost", 15),
    execution.lost_approvals: ("lost", 10),
    execution.vanished_rows: ("lost", 15),
    execution.dropped_operations: ("lost", 30),
    execution.never_ran: ("lost", 20),
    execution.ended_otherwise: ("lost", 3),
    execution.failed_for_nothing: ("state_mismatches", 5),
    execution.flipped_states: ("audit_gaps", 200),
    execution.wrong_outcomes: ("state_mismatches", 15),
    execution.needless_questions: ("state_mismatches", 15),
    execution.wrong_bodies: ("state_mismatches", 20),
    calls.duplicates: ("duplicate_posts", 15),
    calls.unapproved_posts: ("unapproved_posts", 50),
    calls.unapproved_changes: ("unapproved_posts", 7),
    execution.wrong_fates_of_disks: ("state_mismatches", 5),
    calls.overlaps: ("overlaps", 15),
    log.dropped: ("audit_gaps", 130),
    log.cut_tails: ("audit_gaps", 110),
    log.altered: ("audit_gaps", 200),
    log.swapped: ("audit_gaps", 80),
    log.wrong_anchors: ("audit_gaps", 8),
    log.uncounted_attempts: ("audit_gaps", 20),
}


def test_what_really_happened_is_clean(evidence: Evidence) -> None:
    verdict = judge(evidence)
    assert verdict.is_clean, verdict.findings
    fates = {deed.fate for deed in evidence.deeds}
    assert {"run", "rejected", "canceled", "withdrawn", "undecided", "lapsed", "drifted", "requester_revoked"} == fates
    states = {operation.state for operation in evidence.operations}
    assert {"succeeded", "failed", "needs_attention", "canceled", "drifted"} == states
    assert verdict.needs_attention == verdict.undecidable_injected == 3
    assert len(evidence.anchors) > 1
    replaced = {one.vm for one in evidence.operations if one.state == "succeeded" and one.os_disk_id}
    assert replaced <= evidence.os_disks.keys()  # else nothing is known of what became of their disks
    assert {patch.delete_option for patch in evidence.patches} == {"Detach"}


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_every_mutant_is_caught(kind: Kind, evidence: Evidence) -> None:
    promise, at_least = KINDS[kind]
    mutants = list(kind(evidence))
    assert len(mutants) >= at_least
    survivors = [number for number, mutant in enumerate(mutants) if not judge(mutant).findings[promise]]
    assert survivors == []
