"""Broken promises about requests, approvals and machines, most of them forged through the whole log."""

from collections.abc import Iterator
from dataclasses import replace

from tests.chaos.evidence import AzureOperation, Evidence, Harm, Operation
from tests.chaos.judgement.case import Case
from tests.chaos.mutants.forging import (
    change,
    end_as,
    is_about,
    owner,
    relog,
    spoiled,
    subject_of,
    without_machine,
    without_posts,
)

Mutants = Iterator[Evidence]
STATES = ("queued", "preflight", "submitting", "in_progress", "outcome_unknown", "verifying", "needs_attention")
ENDS = ("succeeded", "failed", "drifted", "canceled")
REQUEST_STATES = ("pending_approval", "approved", "rejected", "canceled", "expired", "executing", "completed")


def operations_in(evidence: Evidence, *states: str) -> list[Operation]:
    return [operation for operation in evidence.operations if operation.state in states]


def may_run(evidence: Evidence, operation: Operation) -> bool:
    return next(deed.may_run for deed in evidence.deeds if deed.request == operation.request)


def forget(evidence: Evidence, *operations: Operation) -> None:
    """Rows, events, POSTs: as if they had never been."""
    for operation in operations:
        without_posts(evidence, operation)
        evidence.operations = [one for one in evidence.operations if one.number != operation.number]
        rest = [event for event in evidence.events if not is_about(event, operation)]
        relog(evidence, [without_machine(event, operation) for event in rest])


def lost_requests(evidence: Evidence) -> Mutants:
    """Acknowledged, and then there is no trace of it anywhere but in people's own memory."""
    for deed in evidence.deeds:

        def forget_it(copy: Evidence, number: int = deed.request) -> None:
            forget(copy, *[one for one in copy.operations if one.request == number])
            copy.requests = [request for request in copy.requests if request.number != number]
            relog(copy, [event for event in copy.events if event.subject != subject_of(number)])

        yield spoiled(evidence, forget_it)


def lost_approvals(evidence: Evidence) -> Mutants:
    """Acknowledged, and then the request waits as if nobody had approved it; no row, event or POST contradicts."""
    for deed in (deed for deed in evidence.deeds if "approve" in deed.acknowledged):

        def take_back(copy: Evidence, number: int = deed.request) -> None:
            for operation in [one for one in copy.operations if one.request == number]:
                without_posts(copy, operation)
            thread = subject_of(number)
            kept = ("reimage_request.submitted",)
            relog(copy, [event for event in copy.events if event.subject != thread or event.action in kept])
            for place, one in enumerate(copy.operations):
                if one.request == number:
                    change(copy.operations, place, state="awaiting_approval")
            place = next(n for n, request in enumerate(copy.requests) if request.number == number)
            change(copy.requests, place, state="pending_approval", approved=False)

        yield spoiled(evidence, take_back)


def vanished_rows(evidence: Evidence) -> Mutants:
    """Approved in the log, its answer lost on the way to the approver, and the row is gone."""
    for deed in evidence.deeds:

        def drop(copy: Evidence, number: int = deed.request) -> None:
            copy.deeds = [one for one in copy.deeds if one.request != number]
            copy.requests = [request for request in copy.requests if request.number != number]
            copy.operations = [one for one in copy.operations if one.request != number]

        yield spoiled(evidence, drop)


def dropped_operations(evidence: Evidence) -> Mutants:
    """One machine of a request less than was asked for, without a trace, and with one."""
    for operation in evidence.operations:
        yield spoiled(evidence, lambda copy, one=operation: forget(copy, one))
        yield spoiled(evidence, lambda copy, one=operation: copy.operations.remove(one))


def never_ran(evidence: Evidence) -> Mutants:
    """Approved, nothing stood in its way, and it ended without a POST; or it stands still for ever."""
    for operation in operations_in(evidence, "succeeded", "needs_attention"):
        for state in ("drifted", "canceled", "queued"):

            def stop(copy: Evidence, one: Operation = operation, state: str = state) -> None:
                without_posts(copy, one)
                idle = next(found for found in copy.operations if found.number == one.number)
                if state != "queued":
                    end_as(copy, idle, state, f"reimage_operation.{state}")
                else:
                    relog(copy, [event for event in copy.events if not is_about(event, idle)])
                    change(copy.operations, copy.operations.index(idle), state=state)

            yield spoiled(evidence, stop)


def ended_otherwise(evidence: Evidence) -> Mutants:
    """Rejected is not canceled, and neither is expired: rows and log tell another end than the people's."""
    ends = {"rejected": "canceled", "canceled": "expired", "expired": "rejected"}
    for place, request in enumerate(evidence.requests):
        if request.state in ends and "approve" not in _acknowledged(evidence, request.number):

            def tell(copy: Evidence, n: int = place, was: str = request.state) -> None:
                change(copy.requests, n, state=ends[was])
                action, subject = f"reimage_request.{was}", subject_of(copy.requests[n].number)
                told = f"reimage_request.{ends[was]}"
                mine = {(action, subject)}
                relog(copy, [replace(e, action=told) if (e.action, e.subject) in mine else e for e in copy.events])
                copy.deeds = [
                    replace(deed, acknowledged=deed.acknowledged - {"reject", "cancel"}) for deed in copy.deeds
                ]

            yield spoiled(evidence, tell)


def _acknowledged(evidence: Evidence, request: int) -> frozenset[str]:
    return next(deed.acknowledged for deed in evidence.deeds if deed.request == request)


def failed_for_nothing(evidence: Evidence) -> Mutants:
    for operation in operations_in(evidence, "succeeded"):

        def fail(copy: Evidence, one: Operation = operation) -> None:
            without_posts(copy, one)
            idle = next(found for found in copy.operations if found.number == one.number)
            end_as(copy, idle, "failed", "reimage_operation.failed", code="azure_refused")

        yield spoiled(evidence, fail)


def flipped_states(evidence: Evidence) -> Mutants:
    for place, operation in enumerate(evidence.operations):
        for state in {*STATES, *ENDS} - {operation.state}:
            yield spoiled(evidence, lambda copy, n=place, to=state: change(copy.operations, n, state=to))
    for place, request in enumerate(evidence.requests):
        for state in {*REQUEST_STATES, "failed", "completed_with_problems"} - {request.state}:
            yield spoiled(evidence, lambda copy, n=place, to=state: change(copy.requests, n, state=to))


def wrong_outcomes(evidence: Evidence) -> Mutants:
    """Row and log agree with each other, but not with Azure."""
    for operation in operations_in(evidence, "succeeded"):
        yield spoiled(
            evidence, lambda copy, one=operation: end_as(copy, one, "failed", "reimage_operation.failed", code="x")
        )
    for place, one in enumerate(evidence.azure_operations):
        if one.status == "Succeeded" and owner(evidence, one.client_request_id).state == "succeeded":
            yield spoiled(evidence, lambda copy, n=place: change(copy.azure_operations, n, status="Failed"))
    for operation in operations_in(evidence, "succeeded"):
        if operation.os_disk_id:
            yield spoiled(evidence, lambda copy, one=operation: copy.os_disks.update({one.vm: one.os_disk_id.upper()}))


def needless_questions(evidence: Evidence) -> Mutants:
    """An administrator is asked although evidence was there."""
    escalated = "reimage_operation.escalated"
    for operation in operations_in(evidence, "succeeded"):
        yield spoiled(
            evidence, lambda copy, one=operation: end_as(copy, one, "needs_attention", escalated, code="no_evidence")
        )
    for operation in operations_in(evidence, "needs_attention"):
        place, code = evidence.operations.index(operation), "takes_too_long"
        posts = [evidence.posts.index(post) for post in Case(evidence).posts_of(operation.number)]
        for post in posts:
            for fault in (None, "slow:2.5", "no_operation_headers", "operation_gone"):
                yield spoiled(evidence, lambda copy, n=post, kind=fault: change(copy.posts, n, fault=kind))
        if operation.note == "operation_address_foreign":
            yield spoiled(evidence, lambda copy, n=place, note=code: change(copy.operations, n, note=note))
        elif posts:
            yield spoiled(evidence, lambda copy, one=operation, n=posts[0]: _accept(copy, one, n))
        else:
            yield from _harmless(evidence)


def _accept(copy: Evidence, operation: Operation, place: int) -> None:
    """Its POST was accepted after all, its answer lost, and the disk is another."""
    change(copy.posts, place, accepted=True, fault="accepted_then_lost")
    post = copy.posts[place]
    copy.azure_operations.append(
        AzureOperation(post.client_request_id, operation.vm, post.at, post.at + 0.2, "Succeeded")
    )
    copy.os_disks[operation.vm] = "/another"


def _harmless(evidence: Evidence) -> Mutants:
    """The POST that never arrived: nothing was harmed, or something else, or at another time."""
    (harm,) = evidence.harms
    for other in (
        None,
        replace(harm, life="another-worker"),
        replace(harm, at=harm.at - 5),
        Harm(harm.at, "cut"),  # a database's cut that its step did not even notice
    ):
        yield spoiled(evidence, lambda copy, one=other: setattr(copy, "harms", [one] if one else []))


def wrong_bodies(evidence: Evidence) -> Mutants:
    for place, post in enumerate(evidence.posts):
        body = post.body or {}
        yield spoiled(evidence, lambda copy, n=place, body=body: change(copy.posts, n, body={**body, "tempDisk": True}))
        other = {"osProfile": {**body.get("osProfile", {}), "adminPassword": {"sha256": "0" * 64}}}
        yield spoiled(evidence, lambda copy, n=place, body=body | other: change(copy.posts, n, body=body))
        if "osProfile" in body:
            yield spoiled(evidence, lambda copy, n=place: change(copy.posts, n, body={}))


def wrong_fates_of_disks(evidence: Evidence) -> Mutants:
    """The old disk is gone though it was to be kept, and there though it was to be destroyed."""
    for operation in operations_in(evidence, "succeeded"):
        if operation.os_disk_id:
            old = {operation.os_disk_id.lower()}
            yield spoiled(evidence, lambda copy, one=old: copy.disks.symmetric_difference_update(one))
