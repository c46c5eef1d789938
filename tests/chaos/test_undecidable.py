"""Which intents leave no evidence: a portal that asks about any other one breaks a promise."""

from typing import Any

import pytest

from tests.chaos.evidence import AzureOperation, Event, Evidence, Harm, Operation, Post, Step
from tests.chaos.judgement.case import Case
from tests.chaos.judgement.undecidable import is_undecidable

VM, SUBJECT = "web-01", "reimage_request:3"
OPERATION = Operation(3, 3, VM, "needs_attention", "no_evidence", 1, {})
INTENDED, ESCALATED = 33.0, 70.0
STEP = Step("worker1.2.log", 3, 32.0, 36.0)


def event(at: float, action: str, **detail: Any) -> Event:
    return Event(SUBJECT, int(at), "", "", b"", at, action, {"operation": 3, **detail})


def asked_about(*posts: Post, note: str = "no_evidence", step: Step = STEP, harm: Harm | None = None) -> bool:
    """Whether somebody had to be asked, given what reached Azure and what was harmed."""
    taken = [AzureOperation("c3", VM, post.at, post.at + 4, "Succeeded") for post in posts if post.accepted]
    evidence = Evidence(
        posts=list(posts),
        azure_operations=taken,
        events=[
            event(INTENDED, "reimage_operation.intended", client_request_id="c3"),
            event(ESCALATED, "reimage_operation.escalated"),
        ],
        steps=[step],
        harms=[harm] if harm else [],
    )
    return is_undecidable(Case(evidence), Operation(**{**OPERATION.__dict__, "note": note}))


def post(fault: str | None, *, accepted: bool, status: int | None, at: float = 34.0) -> Post:
    return Post(at, VM, "c3", accepted, status, fault, None)


@pytest.mark.parametrize(
    ("fault", "status", "undecidable"),
    [
        ("reset_before", None, True),
        ("status:503", 503, True),
        ("accepted_then_status:503", 503, True),  # Azure refused, and the refusal was hidden
        ("slow:17", 404, True),  # later than the portal waits
        ("slow:2.5", 404, False),
        ("status:429", 429, False),  # the Activity Log tells, were it the answer that was lost
        ("status:404", 404, False),
        (None, 400, False),
    ],
)
def test_a_post_that_was_refused(fault: str | None, status: int | None, undecidable: bool) -> None:
    assert asked_about(post(fault, accepted=False, status=status)) is undecidable


@pytest.mark.parametrize(
    "fault",
    ["accepted_then_lost", "accepted_then_status:429", "no_operation_headers", "operation_gone", "slow:17", None],
)
def test_a_post_that_was_accepted_left_evidence(fault: str | None) -> None:
    struck = Harm(34.5, "killed", STEP.life)
    assert asked_about(post(fault, accepted=True, status=202), harm=struck) is False


def test_but_not_where_it_was_accepted_only_after_somebody_had_been_asked() -> None:
    assert asked_about(post("slow:17", accepted=True, status=202, at=ESCALATED + 1)) is True


def test_nor_where_the_answer_named_a_foreign_host_and_the_portal_says_so() -> None:
    foreign = post("foreign_operation_host", accepted=True, status=202)
    assert asked_about(foreign, note="operation_address_foreign") is True
    assert asked_about(foreign) is False
    assert asked_about(post(None, accepted=True, status=202), note="operation_address_foreign") is False


CRASHED = Step(STEP.life, 3, 32.0, 36.0, crashed=True)
BROKEN_OFF = Step(STEP.life, 3, 32.0, None)


@pytest.mark.parametrize(
    ("step", "harm", "undecidable"),
    [
        (BROKEN_OFF, Harm(33.5, "killed", STEP.life), True),
        (STEP, Harm(33.5, "paused", STEP.life), True),
        (CRASHED, Harm(33.5, "cut"), True),
        (STEP, None, False),
        (BROKEN_OFF, Harm(33.5, "killed", "worker2.1.log"), False),
        (BROKEN_OFF, Harm(31.0, "killed", STEP.life), False),
        (STEP, Harm(37.0, "paused", STEP.life), False),
        (STEP, Harm(33.5, "cut"), False),  # a cut that the step did not notice
        (CRASHED, Harm(31.5, "cut", lasted=1.0), True),  # it was under way when the step began
        (CRASHED, Harm(31.5, "cut", lasted=0.4), False),
        (BROKEN_OFF, Harm(31.5, "killed", STEP.life, lasted=1.0), True),
        (CRASHED, None, False),
    ],
)
def test_a_post_that_never_arrived(step: Step, harm: Harm | None, undecidable: bool) -> None:
    """Only where the very step that was to send it was struck, and while it was at it."""
    assert asked_about(step=step, harm=harm) is undecidable


def test_what_was_never_intended_is_decided() -> None:
    assert is_undecidable(Case(Evidence()), OPERATION) is False
