"""The judge: holds what the portal tells against what Azure saw. Pure; its tests make up the evidence of each crime."""

import hashlib
from collections import Counter, defaultdict
from collections.abc import Iterator

from tests.chaos.evidence import Deed, Event, Evidence, Operation, Post, Request
from tests.chaos.replay import replayed
from tests.chaos.undecidable import is_undecidable
from tests.chaos.verdict import Verdict

TERMINAL = frozenset({"succeeded", "failed", "drifted", "canceled"})
ENDED = frozenset({"completed", "completed_with_problems", "failed", "rejected", "canceled", "expired"})
# What an acknowledgement promised: where the request must have got to since.
KEPT = {
    "sent": frozenset({"pending_approval", "approved", "executing"}) | ENDED,
    "approve": frozenset({"approved", "executing", "completed", "completed_with_problems", "failed", "canceled"}),
    "reject": frozenset({"rejected"}),
    "cancel": frozenset({"canceled"}),
}


def judge(evidence: Evidence) -> Verdict:
    """Every promise against all the evidence."""
    return _Judge(evidence).verdict()


class _Judge:
    def __init__(self, evidence: Evidence) -> None:
        self._evidence = evidence
        self._requests = {request.number: request for request in evidence.requests}
        self._deeds = {deed.request: deed for deed in evidence.deeds}
        self._threads: dict[str, list[Event]] = defaultdict(list)
        for event in sorted(evidence.events, key=lambda event: (event.subject, event.sequence)):
            self._threads[event.subject].append(event)
        self._intents = {
            str(event.detail["client_request_id"]): event
            for event in evidence.events
            if event.action == "reimage_operation.intended"
        }
        self._posts: dict[int, list[Post]] = defaultdict(list)
        self._strays: list[Post] = []
        for post in evidence.posts:
            intent = self._intents.get(post.client_request_id)
            if intent is None:
                self._strays.append(post)
            else:
                self._posts[int(intent.detail["operation"])].append(post)

    def verdict(self) -> Verdict:
        evidence = self._evidence
        waiting = [operation for operation in evidence.operations if operation.state == "needs_attention"]
        return Verdict(
            duplicate_posts=list(self._duplicates()),
            unapproved_posts=list(self._unapproved()),
            overlaps=list(self._overlaps()),
            lost=list(self._lost()),
            state_mismatches=list(self._mismatches()),
            audit_gaps=list(self._gaps()),
            secret_leaks=list(evidence.leaks),
            accepted_posts=sum(post.accepted for post in evidence.posts),
            needs_attention=len(waiting),
            undecidable_injected=sum(self._is_undecidable(operation) for operation in evidence.operations),
        )

    def _accepted(self, operation: Operation) -> list[Post]:
        return [post for post in self._posts[operation.number] if post.accepted]

    def _duplicates(self) -> Iterator[str]:
        for operation in self._evidence.operations:
            for post in self._accepted(operation)[1:]:
                yield f"operation {operation.number} reimaged {post.vm} again"
        for cause, count in Counter(post.client_request_id for post in self._evidence.posts).items():
            if count > 1 and cause in self._intents:
                yield f"client-request-id {cause} arrived {count} times"

    def _unapproved(self) -> Iterator[str]:
        for post in self._strays:
            yield f"a POST for {post.vm} came without any intent ({post.client_request_id})"
        for operation in self._evidence.operations:
            request, deed = self._requests.get(operation.request), self._deeds.get(operation.request)
            for post in self._posts[operation.number]:
                if why := _forbidden(operation, post, request, deed):
                    yield f"a POST for {post.vm}, operation {operation.number}: {why}"

    def _overlaps(self) -> Iterator[str]:
        """A POST that arrives, accepted or not, while an earlier reimage of its machine still runs at Azure."""
        for running in self._evidence.azure_operations:
            for post in self._evidence.posts:
                is_other = post.vm == running.vm and post.client_request_id != running.client_request_id
                if is_other and running.started_at < post.at < (running.ended_at or float("inf")):
                    yield f"a second POST for {post.vm} while {running.client_request_id} still ran"

    def _lost(self) -> Iterator[str]:
        for deed in self._evidence.deeds:
            request = self._requests.get(deed.request)
            for verb in sorted(deed.acknowledged):
                if request is None or request.state not in KEPT[verb]:
                    yield f"request {deed.request}: {verb} was acknowledged, but it is {request and request.state}"
        for operation in self._evidence.operations:
            if operation.state not in TERMINAL | {"needs_attention"}:
                yield f"operation {operation.number} is still {operation.state} ({operation.note})"
            elif operation.state == "needs_attention" and not operation.note:
                yield f"operation {operation.number} needs attention without a reason"
        for request in self._evidence.requests:
            states = {other.state for other in self._evidence.operations if other.request == request.number}
            if states and states <= TERMINAL and request.state not in ENDED:
                yield f"request {request.number} is still {request.state}, though its machines are {sorted(states)}"

    def _mismatches(self) -> Iterator[str]:
        azure = {operation.client_request_id: operation for operation in self._evidence.azure_operations}
        for operation in self._evidence.operations:
            ended = [azure[post.client_request_id].status for post in self._accepted(operation)]
            if operation.state == "succeeded" and ended != ["Succeeded"]:
                yield f"operation {operation.number} succeeded, but Azure's ended {ended}"
            if operation.state == "failed" and "Succeeded" in ended:
                yield f"operation {operation.number} failed, but Azure reimaged {operation.vm}"
            if operation.state in ("drifted", "canceled") and ended:
                yield f"operation {operation.number} is {operation.state}, but Azure accepted it"
            if operation.state == "needs_attention" and not self._is_undecidable(operation):
                yield f"operation {operation.number} needs attention ({operation.note}), but could have been decided"
            yield from self._disk_mismatches(operation)
            yield from self._body_mismatches(operation)

    def _disk_mismatches(self, operation: Operation) -> Iterator[str]:
        present = self._evidence.os_disks.get(operation.vm, "")
        if operation.state == "succeeded" and operation.os_disk_id and present.lower() == operation.os_disk_id.lower():
            yield f"operation {operation.number} succeeded, but {operation.vm} still has the disk it had before"

    def _body_mismatches(self, operation: Operation) -> Iterator[str]:
        """What was sent is what was approved; of a password, the hash of the one that was asked for."""
        deed = self._deeds.get(operation.request)
        for post in self._posts[operation.number]:
            if _without_password(post.body) != _without_password(operation.body):
                yield f"operation {operation.number} sent another body than was approved"
            if deed and _password_of(post.body).get("sha256", "") != deed.password_sha256:
                yield f"operation {operation.number} sent another password than was asked for"

    def _gaps(self) -> Iterator[str]:
        for subject, events in self._threads.items():
            yield from _chain_gaps(subject, events)
        for operation in self._evidence.operations:
            events = self._threads.get(f"reimage_request:{operation.request}", [])
            state, gaps = replayed(operation.number, events)
            yield from gaps
            if state != operation.state:
                yield f"operation {operation.number} is {operation.state}, but its events end at {state}"
            intents = [event for event in self._intents.values() if event.detail["operation"] == operation.number]
            if len(intents) != operation.attempts:
                yield f"operation {operation.number} counts {operation.attempts} attempts, the log {len(intents)}"
        for post in self._evidence.posts:
            intent = self._intents.get(post.client_request_id)
            if intent and intent.at > post.at:
                yield f"the intent of {post.client_request_id} was recorded after its POST"

    def _is_undecidable(self, operation: Operation) -> bool:
        mine = [event for event in self._intents.values() if event.detail["operation"] == operation.number]
        if not mine:
            return False
        last = max(mine, key=lambda event: event.at)
        events = self._threads.get(f"reimage_request:{operation.request}", [])
        escalations = [
            event.at
            for event in events
            if event.action == "reimage_operation.escalated" and event.detail.get("operation") == operation.number
        ]
        post = next((p for p in self._posts[operation.number] if p.client_request_id == _cause(last)), None)
        return is_undecidable(last.at, post, escalated_at=max(escalations, default=0.0), moments=self._evidence.moments)


def _cause(intent: Event) -> str:
    return str(intent.detail["client_request_id"])


def _forbidden(operation: Operation, post: Post, request: Request | None, deed: Deed | None) -> str:
    """Why this POST should never have been sent; empty if it was allowed."""
    if request is None or not request.approved:
        return "nobody else approved it"
    if deed and not deed.may_run and (post.at > deed.stopped_at or post.accepted):
        return f"it was to be stopped ({deed.fate})"
    if operation.vm != post.vm:
        return f"the approved machine is {operation.vm}"
    return ""


def _without_password(body: object) -> object:
    if not isinstance(body, dict):
        return body or {}
    profile = body.get("osProfile")
    if not isinstance(profile, dict):
        return body
    return {**body, "osProfile": {name: value for name, value in profile.items() if name != "adminPassword"}}


def _password_of(body: object) -> dict[str, str]:
    profile = body.get("osProfile") if isinstance(body, dict) else None
    password = profile.get("adminPassword") if isinstance(profile, dict) else None
    return password if isinstance(password, dict) else {}


def _chain_gaps(subject: str, events: list[Event]) -> Iterator[str]:
    previous = ""
    for place, event in enumerate(events, start=1):
        if event.sequence != place:
            yield f"{subject}: number {place} is missing, {event.sequence} stands there"
        if event.previous_digest != previous:
            yield f"{subject}: event {event.sequence} does not follow the one before it"
        if hashlib.sha256(event.raw).hexdigest() != event.digest:
            yield f"{subject}: event {event.sequence} is not what its digest says"
        previous = event.digest
