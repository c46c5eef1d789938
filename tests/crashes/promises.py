"""What must hold of a request after any death: broken promises in words, none if all is well."""

import hashlib
import json
from collections import Counter
from collections.abc import Iterator

from portal.audit.models import AuditEvent
from reimage.audit_actions import OPERATION_SUBMITTING
from reimage.domain.operation_states import TERMINAL, OperationState
from reimage.domain.request_states import RequestState
from reimage.models import Notice, NoticeKind, ReimageOperation, ReimageRequest, SealedSecret
from tests.crashes.scripts import UNDISTURBED, End, Script
from tests.sandbox_process import SandboxProcess
from tests.stories import accepted_posts, posts

REQUEST_STATES = {
    OperationState.SUCCEEDED: RequestState.COMPLETED,
    OperationState.FAILED: RequestState.FAILED,
    OperationState.DRIFTED: RequestState.FAILED,
    OperationState.NEEDS_ATTENTION: RequestState.EXECUTING,
}
MAY_REPEAT = "delete_option."  # setting the same option again is harmless
FOR_NOW = frozenset({401, 409, 429})  # of all refusals those after which a POST is sent again


def broken_promises(operation: ReimageOperation, sandbox: SandboxProcess, script: Script = UNDISTURBED) -> list[str]:
    """Of a request with this one operation, to which nothing happened but what is in the script, and deaths."""
    operation.refresh_from_db()
    reimage_request = ReimageRequest.objects.get(pk=operation.reimage_request_id)
    events = list(AuditEvent.objects.filter(subject=reimage_request.audit_subject).order_by("sequence"))
    return [
        *_sent_too_often(sandbox, events, script),
        *_not_as_in_the_ledger(operation, reimage_request, sandbox, script),
        *_left_behind(operation),
        *_log_broken(events),
        *_not_told(reimage_request),
    ]


def end_of(operation: ReimageOperation, sandbox: SandboxProcess) -> End:
    """How it ended: at Azure, and here."""
    operation.refresh_from_db()
    return len(accepted_posts(sandbox)), operation.state, operation.note_code


def _sent_too_often(sandbox: SandboxProcess, events: list[AuditEvent], script: Script) -> Iterator[str]:
    """Never after one that Azure took, or may have taken; each was intended, and is another one."""
    sent = posts(sandbox)
    if len(sent) > script.posts:
        yield f"{len(sent)} POSTs were sent, {len(accepted_posts(sandbox))} accepted"
    for post in sent[:-1]:
        if post["accepted"] or post["status"] not in FOR_NOW:
            yield f"a POST was sent after one that Azure answered with {post['status']}, accepted: {post['accepted']}"
    ids = [post["client_request_id"] for post in sent]
    if not set(ids) <= set(_intents(events)) or len(set(ids)) != len(ids):
        yield "a POST was sent that the log knows nothing of, or knows as another one"


def _intents(events: list[AuditEvent]) -> list[str]:
    """The client-request-id of each POST that was about to be sent."""
    intended = [event for event in events if event.action == OPERATION_SUBMITTING.name]
    return [json.loads(bytes(event.body))["detail"]["client_request_id"] for event in intended]


def _not_as_in_the_ledger(
    operation: ReimageOperation, reimage_request: ReimageRequest, sandbox: SandboxProcess, script: Script
) -> Iterator[str]:
    """The portal's conclusion against the wire: what Azure took succeeded; of what it never saw, a person is asked.

    Unless the script tells of other ends.
    """
    found = end_of(operation, sandbox)
    if found not in script.ends:
        yield f"it ended as {found} {operation.note} {operation.findings}"
    if reimage_request.state != REQUEST_STATES.get(OperationState(operation.state)):
        yield f"a request {reimage_request.state} of an operation {operation.state}"
    changed = any(entry["accepted"] for entry in sandbox.ledger(method="PATCH"))
    expected = operation.stored_plan["delete_option_at_reimage" if changed else "delete_option_before"]
    option = sandbox.machine(operation.name, group=operation.resource_id.split("/")[4])["delete_option"]
    if option != expected:
        yield f"the machine's deleteOption is {option}"


def _left_behind(operation: ReimageOperation) -> Iterator[str]:
    if operation.state not in TERMINAL | {OperationState.NEEDS_ATTENTION}:
        yield f"it is stuck in {operation.state}"
    if operation.lease_until or operation.next_at:
        yield "a lease or a due time was left behind"
    if (operation.finished_at is not None) != (operation.state in TERMINAL):
        yield "it is finished without a time, or has a time and is not finished"
    if SealedSecret.objects.filter(operation=operation).exists():
        yield "a secret outlived its use"


def _log_broken(events: list[AuditEvent]) -> Iterator[str]:
    if [event.sequence for event in events] != list(range(1, len(events) + 1)):
        yield f"the log has gaps: {[event.sequence for event in events]}"
    if [event.previous_digest for event in events] != ["", *[event.digest for event in events]][: len(events)]:
        yield "the log's events do not follow each other"
    if any(hashlib.sha256(event.body).hexdigest() != event.digest for event in events):
        yield "an event is not what its digest says"
    yield from _said_twice(events)


def _said_twice(events: list[AuditEvent]) -> Iterator[str]:
    """Each conclusion once, or once for each attempt."""
    attempts = len(_intents(events)) or 1
    for action, times in Counter(event.action for event in events).items():
        if times > attempts and MAY_REPEAT not in action:
            yield f"the log says {times} times: {action}"


def _not_told(reimage_request: ReimageRequest) -> Iterator[str]:
    told = Counter(Notice.objects.filter(reimage_request=reimage_request).values_list("kind", flat=True))
    is_open = reimage_request.state == RequestState.EXECUTING
    needed = NoticeKind.NEEDS_ATTENTION if is_open else NoticeKind.FINISHED
    if told[needed] != 1:
        yield f"people were told {told[needed]} times that it is {needed}"
