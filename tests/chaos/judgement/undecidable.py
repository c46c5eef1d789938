"""Which lost answers nobody could settle from evidence, because the campaign made sure that there is none.

An operation is undecidable when its last intent left none:
- its POST never arrived at Azure, and the very step that was to send it was struck: its worker killed or stopped, or
  its database cut, in the midst of it;
- its POST arrived, was not accepted, and the answer that would have said so was taken away: by a fault that hides it,
  or by such a strike before it could be written down (but the Activity Log tells of a 409 or 429);
- its POST was accepted only after an administrator had been asked;
- it was accepted, the answer named an operation on a foreign host, and the portal says that this is why it asks: to
  such a host no token goes.
Every other acceptance has evidence: the OS disk, the Activity Log, or a machine that is still busy.
"""

from tests.chaos.evidence import Event, Harm, Operation, Post, Step
from tests.chaos.judgement.case import Case

HIDING = ("reset_before", "status:5", "accepted_then_status", "accepted_then_lost")
PATIENCE_SECONDS = 15  # of the portal with an answer
LOGGED_REFUSALS = (409, 429)
FOREIGN, FOREIGN_NOTE = "foreign_operation_host", "operation_address_foreign"


def is_undecidable(case: Case, operation: Operation) -> bool:
    """Whether an administrator had to be asked about this operation."""
    intents = case.intents_of(operation.number)
    if not intents:
        return False
    if taken := [post for post in case.accepted_of(operation.number) if _taken_in_time(case, operation, post)]:
        return operation.note == FOREIGN_NOTE and taken[-1].fault == FOREIGN
    last = intents[-1]
    posts = [p for p in case.posts_of(operation.number) if p.client_request_id == last.detail["client_request_id"]]
    if any(post.accepted for post in posts):
        return True
    if any(post.status in LOGGED_REFUSALS for post in posts):
        return False
    return any(_hides(post.fault) for post in posts) or _was_struck(case, operation, last)


def _taken_in_time(case: Case, operation: Operation, post: Post) -> bool:
    begun = case.azure.get(post.client_request_id)
    return (begun.started_at if begun else post.at) <= case.escalated_at(operation)


def _hides(fault: str | None) -> bool:
    """Whether this fault took the answer away; a late one only if it was later than the portal waits."""
    kind, _, seconds = (fault or "").partition(":")
    if kind == "slow":
        return float(seconds) >= PATIENCE_SECONDS
    return (fault or "").startswith(HIDING)


def _was_struck(case: Case, operation: Operation, intent: Event) -> bool:
    """Whether the step that committed this intent met with harm."""
    steps = [s for s in case.evidence.steps if s.operation == operation.number and s.began <= intent.at]
    if not steps:
        return False
    step = max(steps, key=lambda step: step.began)
    return any(_strikes(harm, step) for harm in case.evidence.harms)


def _strikes(harm: Harm, step: Step) -> bool:
    is_within = step.began <= harm.at + harm.lasted and (step.ended is None or harm.at <= step.ended)
    return is_within and (step.crashed if harm.kind == "cut" else harm.life == step.life)
