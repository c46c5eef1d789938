"""What reached Azure: once, as approved, after the approval, before whatever ended it, and not on top of another."""

from collections import Counter
from collections.abc import Iterator

from tests.chaos.evidence import Event, Operation, Patch, Post
from tests.chaos.judgement.case import Case

# After these a request sends nothing any more.
ENDING = frozenset(f"reimage_request.{how}" for how in ("rejected", "canceled", "expired", "finished"))


def duplicates(case: Case) -> Iterator[str]:
    for operation in case.evidence.operations:
        for post in case.accepted_of(operation.number)[1:]:
            yield f"operation {operation.number} reimaged {post.vm} again ({post.client_request_id})"
    for cause, count in Counter(post.client_request_id for post in case.evidence.posts).items():
        if count > 1:
            yield f"client-request-id {cause} arrived {count} times"
    approved = Counter(o.vm for o in case.evidence.operations if _is_approved(case, o))
    for vm, count in Counter(post.vm for post in case.evidence.posts if post.accepted).items():
        if count > approved[vm]:
            yield f"{vm} was reimaged {count} times for {approved[vm]} approved operations"


def unapproved(case: Case) -> Iterator[str]:
    for post in case.evidence.posts:
        intent = case.intents.get(post.client_request_id)
        operation = case.operations.get(int(intent.detail["operation"])) if intent else None
        if intent is None:
            yield f"a POST for {post.vm} came without any intent ({post.client_request_id})"
        elif operation is None:
            yield f"a POST for {post.vm} came for an operation that is not there ({intent.detail['operation']})"
        elif why := _forbidden(case, operation, post, intent):
            yield f"a POST for {post.vm}, operation {operation.number}: {why}"
    for patch in case.evidence.patches:
        if why := _unapproved_change(case, patch):
            yield f"a PATCH for {patch.vm} that sets {patch.delete_option}: {why}"
    known = {post.client_request_id for post in case.evidence.posts if post.accepted}
    for cause in case.azure.keys() - known:
        yield f"Azure reimaged {case.azure[cause].vm} without an accepted POST ({cause})"


def _unapproved_change(case: Case, patch: Patch) -> str:
    """Why this PATCH should never have been sent; empty if it was allowed.

    Nobody can take back one that is on its way, so that its announcement must have come in time.
    """
    announced = case.changes.get(patch.client_request_id)
    operation = case.operations.get(int(announced.detail["operation"])) if announced else None
    if announced is None or operation is None:
        return "nothing announced it"
    if operation.vm != patch.vm or operation.delete_option != patch.delete_option:
        return f"approved is {operation.delete_option} for {operation.vm}"
    approved_at = case.moment(operation.request, "reimage_request.approved")
    if approved_at is None or not _is_approved(case, operation) or announced.at < approved_at:
        return "nobody else had approved it"
    if announced.at > patch.at:
        return "it was sent before it was announced"
    if any(event.action in ENDING and event.at < announced.at for event in case.thread(operation.request)):
        return "its request had ended"
    deed = case.deeds.get(operation.request)
    return "it was to be stopped" if deed and not deed.may_run and announced.at > deed.stopped_at else ""


def overlaps(case: Case) -> Iterator[str]:
    """A POST that arrives, accepted or not, while an earlier reimage of its machine still runs at Azure."""
    for running in case.evidence.azure_operations:
        for post in case.evidence.posts:
            is_other = post.vm == running.vm and post.client_request_id != running.client_request_id
            if is_other and running.started_at < post.at < (running.ended_at or float("inf")):
                yield f"a second POST for {post.vm} while {running.client_request_id} still ran"


def _is_approved(case: Case, operation: Operation) -> bool:
    request = case.requests.get(operation.request)
    return request is not None and request.approved


def _forbidden(case: Case, operation: Operation, post: Post, intent: Event) -> str:
    """Why this POST should never have been sent; empty if it was allowed."""
    approved_at = case.moment(operation.request, "reimage_request.approved")
    if approved_at is None or not _is_approved(case, operation):
        return "nobody else approved it"
    if min(intent.at, post.at) < approved_at:
        return "it was sent before it was approved"
    if intent.at > post.at:
        return "it was sent before its intent was recorded"
    ended = [event for event in case.thread(operation.request) if event.action in ENDING and event.at < post.at]
    if ended:
        return f"{ended[0].action} came before it"
    deed = case.deeds.get(operation.request)
    if deed and not deed.may_run and (post.at > deed.stopped_at or post.accepted):
        return f"it was to be stopped ({deed.fate})"
    if operation.vm != post.vm:
        return f"the approved machine is {operation.vm}"
    return ""
