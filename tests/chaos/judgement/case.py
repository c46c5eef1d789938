"""The evidence, found by what it is about."""

from collections import defaultdict
from collections.abc import Sequence
from functools import cached_property

from tests.chaos.evidence import AzureOperation, Deed, Event, Evidence, Operation, Post, Request

INTENDED, ESCALATED = "reimage_operation.intended", "reimage_operation.escalated"
CHANGING = "delete_option.requested"
TERMINAL = frozenset({"succeeded", "failed", "drifted", "canceled"})
_NUMBERED = "reimage_request:"


class Case:
    """Only the log says which POST belongs to which operation: it announced them beforehand."""

    def __init__(self, evidence: Evidence) -> None:
        self.evidence = evidence
        self.requests: dict[int, Request] = {request.number: request for request in evidence.requests}
        self.operations: dict[int, Operation] = {operation.number: operation for operation in evidence.operations}
        self.deeds: dict[int, Deed] = {deed.request: deed for deed in evidence.deeds}
        self.azure: dict[str, AzureOperation] = {one.client_request_id: one for one in evidence.azure_operations}

    @cached_property
    def threads(self) -> dict[str, list[Event]]:
        """The events of each subject in the order of their numbers."""
        found: dict[str, list[Event]] = defaultdict(list)
        for event in sorted(self.evidence.events, key=lambda event: event.sequence):
            if event.subject:
                found[event.subject].append(event)
        return dict(found)

    def thread(self, request: int) -> Sequence[Event]:
        return self.threads.get(f"{_NUMBERED}{request}", ())

    @property
    def logged_requests(self) -> set[int]:
        """Those that the log speaks of."""
        return {int(name.removeprefix(_NUMBERED)) for name in self.threads if name.startswith(_NUMBERED)}

    def moment(self, request: int, action: str) -> float | None:
        """When the log first says this of a request."""
        return next((event.at for event in self.thread(request) if event.action == action), None)

    @cached_property
    def intents(self) -> dict[str, Event]:
        """By client-request-id."""
        return {str(e.detail["client_request_id"]): e for e in self.evidence.events if e.action == INTENDED}

    @cached_property
    def changes(self) -> dict[str, Event]:
        """What announced a PATCH, by client-request-id."""
        return {str(e.detail["client_request_id"]): e for e in self.evidence.events if e.action == CHANGING}

    def intents_of(self, operation: int) -> list[Event]:
        mine = (event for event in self.intents.values() if event.detail["operation"] == operation)
        return sorted(mine, key=lambda event: event.at)

    @cached_property
    def _posts(self) -> dict[int, list[Post]]:
        found: dict[int, list[Post]] = defaultdict(list)
        for post in self.evidence.posts:
            if intent := self.intents.get(post.client_request_id):
                found[int(intent.detail["operation"])].append(post)
        return found

    def posts_of(self, operation: int) -> Sequence[Post]:
        return self._posts.get(operation, ())

    def accepted_of(self, operation: int) -> list[Post]:
        return [post for post in self.posts_of(operation) if post.accepted]

    def escalated_at(self, operation: Operation) -> float:
        """When an administrator was last asked about it; never is infinitely late."""
        thread = self.thread(operation.request)
        mine = (event for event in thread if event.detail.get("operation") == operation.number)
        return max((event.at for event in mine if event.action == ESCALATED), default=float("inf"))
