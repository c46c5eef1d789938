"""What the portal says is what Azure did: outcome, OS disk, the body as approved; and it asks only where it must."""

from collections.abc import Iterator

from tests.chaos.evidence import Operation
from tests.chaos.judgement.case import Case
from tests.chaos.judgement.undecidable import is_undecidable

PASSING = (409, 429)  # a refusal that is tried again
MOST_ATTEMPTS, MOST_CHANGES = 20, 5  # after which the portal may give up by itself


def mismatches(case: Case) -> Iterator[str]:
    for operation in case.evidence.operations:
        yield from _outcome(case, operation)
        if operation.state == "needs_attention" and not is_undecidable(case, operation):
            yield f"operation {operation.number} needs attention ({operation.note}), but could have been decided"
        yield from _disk(case, operation)
        yield from _body(case, operation)


def _outcome(case: Case, operation: Operation) -> Iterator[str]:
    accepted = case.accepted_of(operation.number)
    ended = [case.azure[p.client_request_id].status for p in accepted if p.client_request_id in case.azure]
    if operation.state == "succeeded" and ended != ["Succeeded"]:
        yield f"operation {operation.number} succeeded, but Azure's ended {ended}"
    if operation.state == "failed" and "Succeeded" in ended:
        yield f"operation {operation.number} failed, but Azure reimaged {operation.vm}"
    if operation.state == "failed" and not ended and not _may_give_up(case, operation):
        yield f"operation {operation.number} failed, but Azure refused it nothing"
    if operation.state in ("drifted", "canceled") and accepted:
        yield f"operation {operation.number} is {operation.state}, but Azure accepted it"


def _may_give_up(case: Case, operation: Operation) -> bool:
    """Without an acceptance it fails only on a definite refusal, or after more tries than it has.

    A refusal for now is definite where its answer was lost and Azure's Activity Log is all that told of it.
    """
    mine = [e for e in case.thread(operation.request) if e.detail.get("operation") == operation.number]
    told_by_azure = any(event.detail.get("code") == "activity_log_failed" for event in mine)
    definite = any(
        post.status is not None and 400 <= post.status < 500 and (told_by_azure or post.status not in PASSING)
        for post in case.posts_of(operation.number)
    )
    changes = sum(event.action == "delete_option.requested" for event in mine)
    return definite or operation.attempts >= MOST_ATTEMPTS or changes >= MOST_CHANGES


def _disk(case: Case, operation: Operation) -> Iterator[str]:
    present = case.evidence.os_disks.get(operation.vm, "")
    if operation.state == "succeeded" and operation.os_disk_id and present.lower() == operation.os_disk_id.lower():
        yield f"operation {operation.number} succeeded, but {operation.vm} still has the disk it had before"
    if operation.state == "succeeded" and operation.os_disk_id:
        is_there, is_kept = operation.os_disk_id.lower() in case.evidence.disks, operation.delete_option == "Detach"
        if is_there != is_kept:
            fate = "is still there" if is_there else "is gone"
            yield f"operation {operation.number} was approved with {operation.delete_option}, but its old disk {fate}"


def _body(case: Case, operation: Operation) -> Iterator[str]:
    """What was sent is what was approved; of a password, the hash of the one that was asked for."""
    deed = case.deeds.get(operation.request)
    for post in case.posts_of(operation.number):
        if _without_password(post.body) != _without_password(operation.body):
            yield f"operation {operation.number} sent another body than was approved"
        if deed and _password_of(post.body).get("sha256", "") != deed.password_sha256:
            yield f"operation {operation.number} sent another password than was asked for"


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
