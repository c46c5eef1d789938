"""Collects the evidence when all is quiet: from the sandbox's control API, and from the portal's database."""

import base64
import json
import time
from collections.abc import Iterable, Iterator
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

from portal.audit.disclosure import disclosed_body
from portal.audit.models import AuditEvent
from reimage.domain.plan import ReimagePlan
from reimage.domain.request_states import RequestState
from reimage.models import ApprovalDecision, DecisionOutcome, ReimageOperation, ReimageRequest
from reimage.services.drafting import digest_of
from tests.chaos import deeds
from tests.chaos.evidence import Anchor, AzureOperation, Deed, Event, Evidence, Operation, Patch, Post, Request
from tests.chaos.script import MAY_RUN
from tests.sandbox_process import SandboxProcess

SEALING_SECONDS = 60
GLANCE_SECONDS = 0.5
ANCHOR_LINES = 3  # of a checkpoint's text: origin, size, root; then the time


def gather(sandbox: SandboxProcess, anchor_file: Path, made: Iterable[deeds.Deed]) -> Evidence:
    """Azure's side, the portal's, and the people's. What the campaign itself did is added by whoever did it."""
    anchors, events = _log(anchor_file)
    return Evidence(
        posts=[_post(entry) for entry in sandbox.ledger(method="POST", action="reimage")],
        patches=[_patch(entry) for entry in sandbox.ledger(method="PATCH")],
        azure_operations=list(_azure_operations(sandbox)),
        os_disks=dict(_os_disks(sandbox)),
        disks={str(disk["id"]).lower() for disk in sandbox.control("GET", "disks") if disk["fate"] != "deleted"},
        requests=[_request(row) for row in _requests()],
        operations=[_operation(row) for row in ReimageOperation.objects.exclude(state="planned").order_by("pk")],
        events=[_event(row) for row in events],
        anchors=anchors,
        deeds=[_deed(deed) for deed in made],
    )


def _seconds(moment: str) -> float:
    """Azure writes seven digits of the second; Python reads six."""
    head, _, zone = moment.rpartition("+")
    return datetime.fromisoformat(f"{head[:26]}+{zone}").timestamp()


def _post(entry: dict[str, Any]) -> Post:
    return Post(
        at=_seconds(str(entry["at"])),
        vm=str(entry["vm"]),
        client_request_id=str(entry["client_request_id"]),
        accepted=bool(entry["accepted"]),
        status=entry["status"],
        fault=entry["fault"],
        body=_as_approved(entry["body"]),
    )


def _patch(entry: dict[str, Any]) -> Patch:
    """The value that it sets, or the whole body where it is another PATCH than the portal's."""
    body = entry["body"]
    try:
        option = str(body["properties"]["storageProfile"]["osDisk"]["deleteOption"])
    except (KeyError, TypeError):
        option = json.dumps(body)
    return Patch(_seconds(str(entry["at"])), str(entry["vm"]), str(entry["client_request_id"]), option)


def _as_approved(body: Any) -> Any:
    """customData by size and hash, as the plan that was approved holds it."""
    profile = body.get("osProfile") if isinstance(body, dict) else None
    if not profile or "customData" not in profile:
        return body
    data = base64.b64decode(profile["customData"])
    fingerprint = {"sha256": sha256(data).hexdigest(), "bytes": len(data)}
    return {**body, "osProfile": {**profile, "customData": fingerprint}}


def _azure_operations(sandbox: SandboxProcess) -> Iterator[AzureOperation]:
    for found in sandbox.control("GET", "operations"):
        if found["kind"] == "reimage":
            yield AzureOperation(
                client_request_id=found["cause"]["client_request_id"],
                vm=found["machine_id"].lower(),
                started_at=_seconds(found["started_at"]),
                ended_at=_seconds(found["ended_at"]) if found["ended_at"] else None,
                status=found["status"],
            )


def _os_disks(sandbox: SandboxProcess) -> Iterator[tuple[str, str]]:
    """Which OS disk each machine has now."""
    for disk in sandbox.control("GET", "disks"):
        if disk["fate"] == "attached" and "_osdisk_" in disk["id"].lower():
            yield disk["machine_id"].lower(), disk["id"]


def _requests() -> Iterable[ReimageRequest]:
    rows = ReimageRequest.objects.exclude(state=RequestState.DRAFT).select_related("requester")
    return rows.prefetch_related("operations").order_by("pk")


def _request(row: ReimageRequest) -> Request:
    decision = ApprovalDecision.objects.filter(reimage_request=row).select_related("approver").first()
    plans = [ReimagePlan.from_document(operation.plan) for operation in row.operations.all()]
    approved = (
        decision is not None
        and decision.outcome == DecisionOutcome.APPROVED
        and decision.approver.object_id != row.requester.object_id
        and decision.digest == digest_of(row, plans)
    )
    return Request(row.pk, str(row.state), approved)


def _operation(row: ReimageOperation) -> Operation:
    plan = ReimagePlan.from_document(row.plan)
    return Operation(
        number=row.pk,
        request=row.reimage_request_id,
        vm=row.resource_key,
        state=str(row.state),
        note=str(row.note.get("code", "")),
        attempts=row.attempt,
        body=dict(plan.body or {}),
        os_disk_id="" if plan.ephemeral else str(plan.os_disk_id),
        delete_option=plan.delete_option_at_reimage.value,
    )


def anchors_in(file: Path) -> Iterator[Anchor]:
    """What the file beside the database was told; whether it was signed is for audit_verify to say."""
    for line in file.read_text(encoding="utf-8").splitlines() if file.exists() else ():
        _origin, size, root = str(json.loads(line)["note"]).split("\n")[:ANCHOR_LINES]
        yield Anchor(int(size), base64.b64decode(root).hex())


def _log(anchor_file: Path) -> tuple[list[Anchor], list[AuditEvent]]:
    """Read when everything is sealed and anchored, for which the sealer has its time; else as it is, for the judge."""
    deadline = time.monotonic() + SEALING_SECONDS
    while True:
        anchors = list(anchors_in(anchor_file))
        events = list(AuditEvent.objects.select_related("leaf").with_texts().order_by("pk"))
        is_whole = max((anchor.size for anchor in anchors), default=0) == len(events)
        if is_whole or time.monotonic() > deadline:
            return anchors, events
        time.sleep(GLANCE_SECONDS)


def _event(row: AuditEvent) -> Event:
    raw = bytes(row.body)
    body = json.loads(raw)
    leaf = getattr(row, "leaf", None)
    return Event(
        subject=row.subject,
        sequence=row.sequence or 0,
        previous_digest=body["previous_digest"],
        digest=row.digest,
        raw=raw,
        at=datetime.fromisoformat(body["occurred_at"]).timestamp(),
        action=body["action"],
        detail=disclosed_body(row)["detail"],
        place=leaf.leaf_index if leaf else None,
        leaf=bytes(leaf.leaf_hash).hex() if leaf else "",
    )


def _deed(deed: deeds.Deed) -> Deed:
    return Deed(
        request=deed.number,
        fate=deed.fate.value,
        may_run=deed.fate in MAY_RUN,
        machines=deed.machines,
        acknowledged=frozenset(deed.acknowledged),
        stopped_at=deed.stopped_at,
        password_sha256=sha256(deed.password.encode()).hexdigest() if deed.password else "",
    )
