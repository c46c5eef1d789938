"""Rewrites evidence as somebody would who wants no trace of it: numbers, digests, leaves, even anchors made anew."""

import json
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import replace
from hashlib import sha256
from typing import Any

from tests.chaos.evidence import Anchor, AzureOperation, Event, Evidence, Operation, Post
from tests.chaos.judgement.case import Case
from tests.chaos.judgement.tree import leaf_of, roots_of

Spoil = Callable[[Evidence], None]


def spoiled(evidence: Evidence, spoil: Spoil) -> Evidence:
    """A copy; the evidence itself stays true."""
    copy = evidence.copy()
    spoil(copy)
    return copy


def change(rows: list[Any], place: int, /, **changes: Any) -> None:
    rows[place] = replace(rows[place], **changes)


def subject_of(request: int) -> str:
    return f"reimage_request:{request}"


def rechained(events: Iterable[Event]) -> list[Event]:
    """Numbered and chained without a gap, whatever is missing; places and leaves as they were."""
    last: dict[str, str] = {}
    count: Counter[str] = Counter()
    found = []
    for event in events:
        if event.subject:
            count[event.subject] += 1
        previous = last.get(event.subject, "") if event.subject else ""
        body = json.loads(event.raw) | {
            "action": event.action,
            "detail": dict(event.detail),
            "previous_digest": previous,
            "sequence": count[event.subject] or None,
        }
        raw = json.dumps(body).encode() if event.subject else event.raw
        digest = sha256(raw).hexdigest() if event.subject else event.digest
        last[event.subject] = digest
        sequence = count[event.subject]
        found.append(replace(event, raw=raw, digest=digest, previous_digest=previous, sequence=sequence))
    return found


def resealed(events: Iterable[Event]) -> list[Event]:
    """Every event at the next place, its leaf made anew."""
    return [replace(event, place=n, leaf=leaf_of(event.raw).hex()) for n, event in enumerate(events)]


def anchored(events: list[Event]) -> list[Anchor]:
    """As if this log had been anchored from the beginning."""
    size = len(events)
    return [Anchor(size, roots_of([event.raw for event in events], {size})[size].hex())]


def relog(evidence: Evidence, events: Iterable[Event]) -> None:
    """The perfect forgery: this is the log now, and no hash, number or anchor contradicts it."""
    evidence.events = resealed(rechained(events))
    evidence.anchors = anchored(evidence.events)


def is_about(event: Event, operation: Operation) -> bool:
    return event.subject == subject_of(operation.request) and event.detail.get("operation") == operation.number


def without_machine(event: Event, operation: Operation) -> Event:
    """As if this machine had never been asked for, nor approved."""
    machines = event.detail.get("virtual_machines")
    if event.subject != subject_of(operation.request) or not isinstance(machines, list):
        return event
    kept = [one for one in machines if isinstance(one, str) and one.lower() != operation.vm]
    return replace(event, detail={**event.detail, "virtual_machines": kept})


def end_as(evidence: Evidence, operation: Operation, state: str, action: str, **detail: Any) -> None:
    """The operation ends so by the row and by the log: its last event is replaced, its request follows."""
    mine = [event for event in evidence.events if is_about(event, operation)]
    last = replace(mine[-1], action=action, detail={"operation": operation.number, **detail})
    relog(evidence, [last if event is mine[-1] else event for event in evidence.events])
    place = evidence.operations.index(operation)
    change(evidence.operations, place, state=state, note=str(detail.get("code", "")))


def without_posts(evidence: Evidence, operation: Operation) -> None:
    """It never came to Azure, and the log has no intent either."""
    intents = [event for event in evidence.events if is_about(event, operation)]
    causes = {str(event.detail.get("client_request_id")) for event in intents}
    evidence.posts = [post for post in evidence.posts if post.client_request_id not in causes]
    evidence.azure_operations = [one for one in evidence.azure_operations if one.client_request_id not in causes]
    change(evidence.operations, evidence.operations.index(operation), attempts=0)
    kept = ("preflight.started",)
    relog(evidence, [e for e in evidence.events if not is_about(e, operation) or e.action in kept])


def post_again(evidence: Evidence, operation: Operation, *, at: float, accepted: bool = True) -> None:
    """One more POST for it under a client-request-id of its own, announced in the log as it should be."""
    cause = f"again-{operation.number}"
    pattern = next(event for event in evidence.events if event.action == "reimage_operation.intended")
    detail = {**pattern.detail, "operation": operation.number, "client_request_id": cause}
    intent = replace(pattern, subject=subject_of(operation.request), detail=detail, at=at - 0.001)
    thread = [event for event in evidence.events if event.subject == intent.subject]
    events = list(evidence.events)
    events.insert(events.index(thread[-1]), intent)  # before its last event, whatever that is
    relog(evidence, events)
    place = evidence.operations.index(operation)
    change(evidence.operations, place, attempts=operation.attempts + 1)
    evidence.posts.append(Post(at, operation.vm, cause, accepted, 202 if accepted else 409, None, operation.body))
    if accepted:
        evidence.azure_operations.append(AzureOperation(cause, operation.vm, at, at + 0.01, "Succeeded"))


def owner(evidence: Evidence, cause: str) -> Operation:
    """Whose call it is, by the log."""
    case = Case(evidence)
    return case.operations[int(case.intents[cause].detail["operation"])]
