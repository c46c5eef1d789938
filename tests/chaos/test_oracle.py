"""The judge finds each crime in evidence that was made up for it, and none in the evidence of an honest run."""

import hashlib
import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from tests.chaos.evidence import AzureOperation, Deed, Event, Evidence, Operation, Post, Request
from tests.chaos.oracle import judge

VM = "/subscriptions/s/resourcegroups/g/providers/microsoft.compute/virtualmachines/web-01"
SECRET = hashlib.sha256(b"secret").hexdigest()
Spoil = Callable[[Evidence], None]


class Log:
    """Writes the events of one request, numbered and chained as the portal's are."""

    def __init__(self, request: int) -> None:
        self.subject = f"reimage_request:{request}"
        self.events: list[Event] = []

    def add(self, at: float, action: str, **detail: Any) -> None:
        raw = json.dumps([at, action, detail]).encode()
        digest = hashlib.sha256(raw).hexdigest()
        previous = self.events[-1].digest if self.events else ""
        self.events.append(Event(self.subject, len(self.events) + 1, previous, digest, raw, at, action, detail))


def honest() -> Evidence:
    """Request 1 ran to its end; request 2 was rejected; request 3 lost its answer and waits for an administrator."""
    ran, rejected, lost = Log(1), Log(2), Log(3)
    ran.add(10, "reimage_request.submitted")
    ran.add(11, "reimage_request.approved")
    ran.add(12, "preflight.started", operation=1)
    ran.add(13, "reimage_operation.intended", operation=1, client_request_id="c1")
    ran.add(15, "reimage_operation.accepted", operation=1)
    ran.add(19, "azure_operation.ended", operation=1, status="Succeeded")
    ran.add(20, "reimage_operation.succeeded", operation=1)
    ran.add(20, "reimage_request.finished")
    rejected.add(10, "reimage_request.submitted")
    rejected.add(11, "reimage_request.rejected")
    lost.add(30, "reimage_request.submitted")
    lost.add(31, "reimage_request.approved")
    lost.add(32, "preflight.started", operation=3)
    lost.add(33, "reimage_operation.intended", operation=3, client_request_id="c3")
    lost.add(64, "reimage_operation.lost", operation=3)
    lost.add(70, "reimage_operation.escalated", operation=3)
    body = {"osProfile": {"adminPassword": {"sha256": SECRET}}}
    approved_body = {"osProfile": {"adminPassword": {"commitment": "sealed"}}}
    return Evidence(
        posts=[Post(14, VM, "c1", True, 202, None, body)],
        azure_operations=[AzureOperation("c1", VM, 14, 18, "Succeeded")],
        requests=[
            Request(1, "completed", approved=True, has_decision=True),
            Request(2, "rejected", approved=False, has_decision=True),
            Request(3, "executing", approved=True, has_decision=True),
        ],
        operations=[
            Operation(1, 1, VM, "succeeded", "", 1, approved_body, os_disk_id="/disks/old"),
            Operation(2, 2, VM, "canceled", "", 0, {}),
            Operation(3, 3, VM, "needs_attention", "no_evidence", 1, {}),
        ],
        events=[*ran.events, *rejected.events, *lost.events],
        deeds=[
            Deed(1, "run", True, frozenset({"sent", "approve"}), password_sha256=SECRET),
            Deed(2, "rejected", False, frozenset({"sent", "reject"}), stopped_at=11),
            Deed(3, "run", True, frozenset({"sent", "approve"})),
        ],
        os_disks={VM: "/disks/new"},
        moments=[33.5],
    )


def change(evidence: Evidence, kind: str, place: int, **changes: Any) -> None:
    rows = getattr(evidence, kind)
    rows[place] = replace(rows[place], **changes)


def again(evidence: Evidence) -> None:
    """Operation 1 is tried a second time, after the first had ended."""
    last = evidence.events[7]
    raw = b"again"
    detail = {"operation": 1, "client_request_id": "c9"}
    digest = hashlib.sha256(raw).hexdigest()
    intent = Event(last.subject, 9, last.digest, digest, raw, 40, "reimage_operation.intended", detail)
    evidence.events.insert(8, intent)
    evidence.posts.append(replace(evidence.posts[0], at=41, client_request_id="c9"))
    evidence.azure_operations.append(AzureOperation("c9", VM, 41, 45, "Succeeded"))


def test_an_honest_run_is_clean() -> None:
    verdict = judge(honest())
    assert verdict.is_clean, verdict.findings
    assert (verdict.accepted_posts, verdict.needs_attention, verdict.undecidable_injected) == (1, 1, 1)


CRIMES: dict[str, tuple[str, Spoil]] = {
    "a second accepted POST": ("duplicate_posts", again),
    "the same call sent again": ("duplicate_posts", lambda e: e.posts.append(replace(e.posts[0], at=21))),
    "a POST without intent": ("unapproved_posts", lambda e: change(e, "posts", 0, client_request_id="c0")),
    "a POST without approval": ("unapproved_posts", lambda e: change(e, "requests", 0, approved=False)),
    "a POST after drift": (
        "unapproved_posts",
        lambda e: change(e, "deeds", 0, fate="drifted", may_run=False, stopped_at=13.5),
    ),
    "a refused POST after a right was revoked": (
        "unapproved_posts",
        lambda e: (
            change(e, "posts", 0, accepted=False),
            change(e, "deeds", 0, fate="approver_revoked", may_run=False, stopped_at=13.5),
        )[0],
    ),
    "a POST for another machine": ("unapproved_posts", lambda e: change(e, "posts", 0, vm=f"{VM}-other")),
    "two POSTs at once": (
        "overlaps",
        lambda e: e.posts.append(replace(e.posts[0], at=16, client_request_id="c3", accepted=False)),
    ),
    "an operation that never ends": ("lost", lambda e: change(e, "operations", 0, state="in_progress")),
    "attention without a reason": ("lost", lambda e: change(e, "operations", 2, note="")),
    "a request that does not follow its machines": ("lost", lambda e: change(e, "requests", 0, state="executing")),
    "an acknowledged request that is gone": ("lost", lambda e: e.requests.pop(2) and None),
    "an acknowledged approval that is gone": ("lost", lambda e: change(e, "requests", 2, state="pending_approval")),
    "succeeded without a POST": ("state_mismatches", lambda e: e.posts.clear()),
    "succeeded, but Azure failed": (
        "state_mismatches",
        lambda e: change(e, "azure_operations", 0, status="Failed"),
    ),
    "succeeded with the old disk": ("state_mismatches", lambda e: e.os_disks.update({VM: "/disks/OLD"})),
    "failed, but Azure did it": ("state_mismatches", lambda e: change(e, "operations", 0, state="failed")),
    "canceled, but Azure took it": ("state_mismatches", lambda e: change(e, "operations", 0, state="canceled")),
    "attention where nothing was done to it": ("state_mismatches", lambda e: e.moments.clear()),
    "another body than approved": (
        "state_mismatches",
        lambda e: change(e, "posts", 0, body={"tempDisk": True, **e.posts[0].body}),
    ),
    "another password than asked for": (
        "state_mismatches",
        lambda e: change(e, "deeds", 0, password_sha256=hashlib.sha256(b"other").hexdigest()),
    ),
    "a missing event": ("audit_gaps", lambda e: e.events.pop(4) and None),
    "a missing last event of an operation": ("audit_gaps", lambda e: e.events.pop(15) and None),
    "an altered event": ("audit_gaps", lambda e: change(e, "events", 4, raw=b"altered")),
    "a broken chain": ("audit_gaps", lambda e: change(e, "events", 4, previous_digest="0" * 64)),
    "an unrecorded attempt": ("audit_gaps", lambda e: change(e, "operations", 0, attempts=2)),
    "an intent written after its POST": ("audit_gaps", lambda e: change(e, "posts", 0, at=12.5)),
    "a secret in a sink": ("secret_leaks", lambda e: e.leaks.append("logs/worker1.1.log")),
}


@pytest.mark.parametrize("crime", CRIMES)
def test_each_crime_is_found(crime: str) -> None:
    promise, spoil = CRIMES[crime]
    evidence = honest()
    spoil(evidence)
    assert judge(evidence).findings[promise], crime


FAULTS = [
    ("reset_before", False, None, True),
    ("status:503", False, 503, True),
    ("status:429", False, 429, False),  # a definite no, and it arrived: goes back to the queue
    ("foreign_operation_host", True, 202, True),
    ("accepted_then_lost", True, None, False),  # the Activity Log tells
    ("operation_gone", True, 202, False),
]


@pytest.mark.parametrize(("fault", "accepted", "status", "undecidable"), FAULTS)
def test_only_what_leaves_no_evidence_is_undecidable(
    fault: str, accepted: bool, status: int | None, undecidable: bool
) -> None:
    evidence = honest()
    evidence.moments.clear()
    evidence.posts.append(Post(34, VM, "c3", accepted, status, fault, None))
    evidence.azure_operations.append(AzureOperation("c3", VM, 34, 38, "Succeeded"))
    assert (judge(evidence).undecidable_injected == 1) is undecidable
