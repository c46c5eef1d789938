"""Nothing is lost: what people were told, what the log says was approved, and what the database holds are one story."""

from collections import Counter
from collections.abc import Iterator

from tests.chaos.evidence import Deed, Operation
from tests.chaos.judgement.case import TERMINAL, Case

RUN = frozenset({"executing", "completed", "completed_with_problems", "failed"})
# How a request may end whose people meant this by it. Those that were stopped in between end without a reimage.
ENDS = {
    "run": RUN,
    "contested": RUN,
    "rejected": frozenset({"rejected"}),
    "canceled": frozenset({"canceled"}),
    "withdrawn": frozenset({"canceled"}),
    "undecided": frozenset({"expired"}),
    "lapsed": frozenset({"failed"}),
    "drifted": frozenset({"failed"}),
    "approver_revoked": frozenset({"failed"}),
    "requester_revoked": frozenset({"failed"}),
}
# What an answer acknowledged, and the event that must tell of it.
TOLD = {
    "sent": "reimage_request.submitted",
    "approve": "reimage_request.approved",
    "reject": "reimage_request.rejected",
    "cancel": "reimage_request.canceled",
}
ENDED = frozenset({"completed", "completed_with_problems", "failed", "rejected", "canceled", "expired"})


def lost(case: Case) -> Iterator[str]:
    for deed in case.evidence.deeds:
        yield from _not_kept(case, deed)
    yield from _vanished(case)
    for operation in case.evidence.operations:
        yield from _unfinished(operation)
        yield from _never_ran(case, operation)
    for request in case.evidence.requests:
        states = {other.state for other in case.evidence.operations if other.request == request.number}
        if not states:
            yield f"request {request.number} has no machines"
        elif states <= TERMINAL and request.state not in ENDED:
            yield f"request {request.number} is still {request.state}, though its machines are {sorted(states)}"


def _not_kept(case: Case, deed: Deed) -> Iterator[str]:
    """The people's own record against the portal's."""
    told = ", ".join(sorted(deed.acknowledged))
    request = case.requests.get(deed.request)
    if request is None:
        yield f"request {deed.request} is gone ({told})"
        return
    if request.state not in ENDS[deed.fate]:
        yield f"request {deed.request} ({deed.fate}; {told}) is {request.state}"
    for verb in sorted(deed.acknowledged):
        if case.moment(deed.request, TOLD[verb]) is None:
            yield f"request {deed.request}: {verb} was acknowledged, but the log does not know of it"
    found = Counter(operation.vm for operation in case.evidence.operations if operation.request == deed.request)
    if found != Counter(deed.machines):
        yield f"request {deed.request} is about {sorted(found)}, though {sorted(deed.machines)} were asked for"


def _vanished(case: Case) -> Iterator[str]:
    """What the log speaks of must be there."""
    for number in sorted(case.logged_requests - case.requests.keys()):
        yield f"request {number} is gone: the log alone knows of it"
    for number in sorted(case.logged_requests):
        thread = case.thread(number)
        spoken_of = {int(event.detail["operation"]) for event in thread if "operation" in event.detail}
        yield from (f"operation {one} is gone: the log alone knows of it" for one in spoken_of - case.operations.keys())
        there = {operation.vm for operation in case.evidence.operations if operation.request == number}
        for event in thread:
            if event.action == TOLD["approve"]:
                approved = {str(vm).lower() for vm in event.detail["virtual_machines"]}
                yield from (f"request {number}: {vm} was approved and is gone" for vm in sorted(approved - there))


def _unfinished(operation: Operation) -> Iterator[str]:
    if operation.state not in TERMINAL | {"needs_attention"}:
        yield f"operation {operation.number} is still {operation.state} ({operation.note})"
    elif operation.state == "needs_attention" and not operation.note:
        yield f"operation {operation.number} needs attention without a reason"


def _never_ran(case: Case, operation: Operation) -> Iterator[str]:
    deed = case.deeds.get(operation.request)
    is_approved = case.moment(operation.request, TOLD["approve"]) is not None
    may_run = deed is None or deed.may_run
    if is_approved and may_run and operation.state in ("canceled", "drifted"):
        yield f"operation {operation.number} was approved, nothing stood in its way, and it is {operation.state}"
