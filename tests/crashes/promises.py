"""What must hold of a request after any death: broken promises in words, none if all is well."""

import hashlib
from collections import Counter
from collections.abc import Iterator

from portal.audit.models import AuditEvent
from reimage.domain.operation_states import TERMINAL, OperationState
from reimage.domain.request_states import RequestState
from reimage.models import Notice, NoticeKind, ReimageOperation, ReimageRequest, SealedSecret
from tests.sandbox_process import SandboxProcess
from tests.stories import accepted_posts, posts

MAY_REPEAT = "delete_option."  # setting the same option again is harmless


def broken_promises(operation: ReimageOperation, sandbox: SandboxProcess) -> list[str]:
    """Of a request with this one operation, which nothing but deaths happened to."""
    operation.refresh_from_db()
    reimage_request = ReimageRequest.objects.get(pk=operation.reimage_request_id)
    return [
        *_sent_too_often(operation, sandbox),
        *_not_as_in_the_ledger(operation, reimage_request, sandbox),
        *_left_behind(operation),
        *_log_broken(reimage_request),
        *_not_told(reimage_request),
    ]


def _sent_too_often(operation: ReimageOperation, sandbox: SandboxProcess) -> Iterator[str]:
    sent = posts(sandbox)
    if len(sent) > 1:
        yield f"{len(sent)} POSTs were sent, {len(accepted_posts(sandbox))} accepted"
    if any(post["client_request_id"] != str(operation.client_request_id) for post in sent):
        yield "a POST was sent that the operation knows nothing of"


def _not_as_in_the_ledger(
    operation: ReimageOperation, reimage_request: ReimageRequest, sandbox: SandboxProcess
) -> Iterator[str]:
    """The portal's conclusion against the wire: what Azure took succeeded; of what it never saw, a person is asked."""
    expected: tuple[str, str]
    if accepted_posts(sandbox):
        expected = OperationState.SUCCEEDED, RequestState.COMPLETED
    else:
        expected = OperationState.NEEDS_ATTENTION, RequestState.EXECUTING
    if (operation.state, reimage_request.state) != expected:
        found = f"{operation.state} {operation.note} in a request {reimage_request.state} {operation.findings}"
        yield f"{found}, where the ledger says {expected[0].value}"
    if operation.state == OperationState.NEEDS_ATTENTION and not operation.note.get("code"):
        yield "it needs attention without saying why"
    group = operation.plan["resource_id"].split("/")[4]
    option = sandbox.machine(operation.name, group=group)["delete_option"]
    if option != operation.plan["delete_option_at_reimage"]:
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


def _log_broken(reimage_request: ReimageRequest) -> Iterator[str]:
    events = list(AuditEvent.objects.filter(subject=reimage_request.audit_subject).order_by("sequence"))
    if [event.sequence for event in events] != list(range(1, len(events) + 1)):
        yield f"the log has gaps: {[event.sequence for event in events]}"
    if [event.previous_digest for event in events] != ["", *[event.digest for event in events]][: len(events)]:
        yield "the log's events do not follow each other"
    if any(hashlib.sha256(event.body).hexdigest() != event.digest for event in events):
        yield "an event is not what its digest says"
    yield from _said_twice(events)


def _said_twice(events: list[AuditEvent]) -> Iterator[str]:
    """One intent, and each conclusion once."""
    for action, times in Counter(event.action for event in events).items():
        if times > 1 and MAY_REPEAT not in action:
            yield f"the log says {times} times: {action}"


def _not_told(reimage_request: ReimageRequest) -> Iterator[str]:
    told = Counter(Notice.objects.filter(reimage_request=reimage_request).values_list("kind", flat=True))
    needed = {
        RequestState.COMPLETED: NoticeKind.FINISHED,
        RequestState.EXECUTING: NoticeKind.NEEDS_ATTENTION,
    }.get(RequestState(reimage_request.state))
    if needed and told[needed] != 1:
        yield f"people were told {told[needed]} times that it is {needed}"
