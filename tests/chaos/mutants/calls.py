"""Broken promises about what reached Azure: twice, unapproved, one on top of another."""

from dataclasses import replace

from tests.chaos.evidence import AzureOperation, Evidence, Operation, Post
from tests.chaos.judgement.case import Case
from tests.chaos.mutants.execution import Mutants, may_run
from tests.chaos.mutants.forging import change, owner, post_again, relog, spoiled, subject_of


def duplicates(evidence: Evidence) -> Mutants:
    """The same call again, and a second one of the same operation that the log announced."""
    end = max(event.at for event in evidence.events) + 1
    for post in evidence.posts:
        again = replace(post, at=end)
        yield spoiled(evidence, lambda copy, one=again: copy.posts.append(one))
        if post.accepted:
            asked_by = owner(evidence, post.client_request_id)
            yield spoiled(evidence, lambda copy, one=asked_by: post_again(copy, one, at=end))


def unapproved_posts(evidence: Evidence) -> Mutants:
    """Of nobody's intent, of nobody's approval, before it, after what ended it, for another machine, past the wire."""
    for place, post in enumerate(evidence.posts):
        number = owner(evidence, post.client_request_id).request
        asked = next(n for n, request in enumerate(evidence.requests) if request.number == number)
        approved = Case(evidence).moment(number, "reimage_request.approved") or 0.0
        yield spoiled(evidence, lambda copy, n=place: change(copy.posts, n, client_request_id="nobody's"))
        yield spoiled(evidence, lambda copy, n=place: change(copy.posts, n, vm=copy.posts[n].vm + "-other"))
        yield spoiled(evidence, lambda copy, n=place, at=approved - 0.1: change(copy.posts, n, at=at))
        yield spoiled(evidence, lambda copy, n=asked: change(copy.requests, n, approved=False))
        yield spoiled(evidence, lambda copy, n=number: _approve_later(copy, n))
    end = max(event.at for event in evidence.events) + 1
    for operation in evidence.operations:
        if not may_run(evidence, operation):
            for accepted in (True, False):
                yield spoiled(
                    evidence, lambda copy, one=operation, yes=accepted: post_again(copy, one, at=end, accepted=yes)
                )
            yield spoiled(evidence, lambda copy, one=operation: _post_unseen(copy, one, at=end))
    stray = AzureOperation("nobody's", evidence.operations[0].vm, end, end + 1, "Succeeded")
    yield spoiled(evidence, lambda copy: copy.azure_operations.append(stray))


def _post_unseen(copy: Evidence, operation: Operation, *, at: float) -> None:
    """Nobody of the people remembers that it was to be stopped; the log does."""
    post_again(copy, operation, at=at)
    copy.deeds = [deed for deed in copy.deeds if deed.request != operation.request]


def _approve_later(copy: Evidence, number: int) -> None:
    """The approval is written down when everything has long been done."""
    end = max(event.at for event in copy.events) + 1
    approval = ("reimage_request.approved", subject_of(number))
    relog(copy, [replace(e, at=end) if (e.action, e.subject) == approval else e for e in copy.events])


def unapproved_changes(evidence: Evidence) -> Mutants:
    """A PATCH of nobody's, of another value, for another machine, before the approval, before it was announced."""
    for place, patch in enumerate(evidence.patches):
        other = "Delete" if patch.delete_option == "Detach" else "Detach"
        for change_of in (
            {"client_request_id": "nobody's"},
            {"delete_option": other},
            {"vm": patch.vm + "-other"},
            {"at": patch.at - 5},
        ):
            yield spoiled(evidence, lambda copy, n=place, new=change_of: change(copy.patches, n, **new))
        number = int(Case(evidence).changes[patch.client_request_id].detail["operation"])
        request = Case(evidence).operations[number].request
        asked = next(n for n, one in enumerate(evidence.requests) if one.number == request)
        yield spoiled(evidence, lambda copy, n=asked: change(copy.requests, n, approved=False))
        yield spoiled(evidence, lambda copy, n=request: _approve_later(copy, n))
        yield spoiled(evidence, lambda copy, n=request, at=patch.at - 5: _stop_at(copy, n, at))


def _stop_at(copy: Evidence, request: int, at: float) -> None:
    place = next(n for n, deed in enumerate(copy.deeds) if deed.request == request)
    change(copy.deeds, place, may_run=False, stopped_at=at)


def overlaps(evidence: Evidence) -> Mutants:
    for running in evidence.azure_operations:
        middle = (running.started_at + (running.ended_at or running.started_at)) / 2
        for accepted in (True, False):
            other = Post(middle, running.vm, "another", accepted, 202, None, None)
            yield spoiled(evidence, lambda copy, one=other: copy.posts.append(one))
