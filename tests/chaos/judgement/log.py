"""The audit log: without a gap in numbers, chain, tree and anchors, and replayed alone it ends where the rows are."""

import hashlib
from collections.abc import Iterator, Sequence

from tests.chaos.evidence import Event
from tests.chaos.judgement.case import Case
from tests.chaos.judgement.replay import replayed, replayed_request
from tests.chaos.judgement.tree import tree_gaps


def gaps(case: Case) -> Iterator[str]:
    yield from (f"audit_verify: {line}" for line in case.evidence.verified)
    yield from tree_gaps(case.evidence.events, case.evidence.anchors)
    for subject, events in case.threads.items():
        yield from _chain_gaps(subject, events)
    for request in case.evidence.requests:
        state = replayed_request(case.thread(request.number))
        if state != request.state:
            yield f"request {request.number} is {request.state}, but its events end at {state}"
    for operation in case.evidence.operations:
        state, impossible = replayed(operation.number, case.thread(operation.request))
        yield from impossible
        if state != operation.state:
            yield f"operation {operation.number} is {operation.state}, but its events end at {state}"
        yield from _uncounted(case, operation.request, operation.number, operation.attempts)
    for post in case.evidence.posts:
        intent = case.intents.get(post.client_request_id)
        if intent and intent.at > post.at:
            yield f"the intent of {post.client_request_id} was recorded after its POST"


def _uncounted(case: Case, request: int, operation: int, attempts: int) -> Iterator[str]:
    """What certainly never reached Azure, or was not accepted as the portal's, is no attempt."""
    intents = len(case.intents_of(operation))
    void = sum(
        event.action == "reimage_operation.refused" and event.detail["status"] in (0, 401)
        for event in case.thread(request)
        if event.detail.get("operation") == operation
    )
    if intents - void != attempts:
        yield f"operation {operation} counts {attempts} attempts, the log {intents} less {void}"


def _chain_gaps(subject: str, events: Sequence[Event]) -> Iterator[str]:
    previous = ""
    for place, event in enumerate(events, start=1):
        if event.sequence != place:
            yield f"{subject}: number {place} is missing, {event.sequence} stands there"
        if event.previous_digest != previous:
            yield f"{subject}: event {event.sequence} does not follow the one before it"
        if hashlib.sha256(event.raw).hexdigest() != event.digest:
            yield f"{subject}: event {event.sequence} is not what its digest says"
        previous = event.digest
