"""Collects the evidence when all is quiet: from the sandbox's control API, and from the portal's database."""

import base64
import json
from collections.abc import Iterable, Iterator
from datetime import datetime
from hashlib import sha256
from typing import Any

from django.db import connection

from portal.audit.disclosure import disclosed_body
from portal.audit.models import AuditEvent
from reimage.domain.plan import ReimagePlan
from reimage.domain.request_states import RequestState
from reimage.models import ApprovalDecision, DecisionOutcome, ReimageOperation, ReimageRequest
from reimage.services.drafting import digest_of
from tests.chaos import canary, deeds
from tests.chaos.evidence import AzureOperation, Deed, Event, Evidence, Operation, Post, Request
from tests.chaos.installation import Installation
from tests.chaos.script import MAY_RUN


def gather(installation: Installation, made: Iterable[deeds.Deed], moments: Iterable[float]) -> Evidence:
    """Everything that the judge looks at."""
    return Evidence(
        posts=[_post(entry) for entry in installation.sandbox.ledger(method="POST", action="reimage")],
        azure_operations=list(_azure_operations(installation)),
        requests=[_request(row) for row in _requests()],
        operations=[_operation(row) for row in ReimageOperation.objects.exclude(state="planned").order_by("pk")],
        events=[
            _event(row) for row in AuditEvent.objects.exclude(subject="").with_texts().order_by("subject", "sequence")
        ],
        deeds=[_deed(deed) for deed in made],
        os_disks=dict(_os_disks(installation)),
        moments=sorted(moments),
        leaks=list(_leaks(installation)),
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


def _as_approved(body: Any) -> Any:
    """customData by size and hash, as the plan that was approved holds it."""
    profile = body.get("osProfile") if isinstance(body, dict) else None
    if not profile or "customData" not in profile:
        return body
    data = base64.b64decode(profile["customData"])
    fingerprint = {"sha256": sha256(data).hexdigest(), "bytes": len(data)}
    return {**body, "osProfile": {**profile, "customData": fingerprint}}


def _azure_operations(installation: Installation) -> Iterator[AzureOperation]:
    for found in installation.sandbox.control("GET", "operations"):
        if found["kind"] == "reimage":
            yield AzureOperation(
                client_request_id=found["cause"]["client_request_id"],
                vm=found["machine_id"].lower(),
                started_at=_seconds(found["started_at"]),
                ended_at=_seconds(found["ended_at"]) if found["ended_at"] else None,
                status=found["status"],
            )


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
    return Request(row.pk, str(row.state), approved, decision is not None)


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
    )


def _event(row: AuditEvent) -> Event:
    raw = bytes(row.body)
    body = json.loads(raw)
    return Event(
        subject=row.subject,
        sequence=row.sequence or 0,
        previous_digest=body["previous_digest"],
        digest=row.digest,
        raw=raw,
        at=datetime.fromisoformat(body["occurred_at"]).timestamp(),
        action=body["action"],
        detail=disclosed_body(row)["detail"],
    )


def _deed(deed: deeds.Deed) -> Deed:
    return Deed(
        request=deed.number,
        fate=deed.fate.value,
        may_run=deed.fate in MAY_RUN,
        acknowledged=frozenset(deed.acknowledged),
        stopped_at=deed.stopped_at,
        password_sha256=sha256(deed.password.encode()).hexdigest() if deed.password else "",
    )


def _os_disks(installation: Installation) -> Iterator[tuple[str, str]]:
    """Which OS disk each machine has now."""
    for disk in installation.sandbox.control("GET", "disks"):
        if disk["state"] == "attached" and "_osdisk_" in disk["id"].lower():
            yield disk["machine_id"].lower(), disk["id"]


def _leaks(installation: Installation) -> Iterator[str]:
    """Every sink: rows, database files, logs, mails, broker, the sandbox's ledger of bodies."""
    with connection.cursor() as cursor:
        cursor.execute("CHECKPOINT" if connection.vendor == "postgresql" else "PRAGMA wal_checkpoint")
    yield from canary.leaks_in_texts(_rows())
    yield from canary.leaks_in_files(installation.database_files())
    yield from canary.leaks_in_files(installation.logs.iterdir())
    yield from canary.leaks_in_files((installation.folder / "var").rglob("*"))
    yield from canary.leaks_in_texts(installation.broker_contents())
    ledger = json.dumps([entry["body"] for entry in installation.sandbox.ledger(action="reimage")], ensure_ascii=False)
    yield from canary.leaks_in_texts([("the sandbox's ledger", _without_custom_data(ledger))])


def _without_custom_data(ledger: str) -> str:
    """customData is no secret at Azure's side: it arrives there in base64, as it must."""
    return ledger.replace(base64.b64encode(canary.CUSTOM_DATA.encode()).decode(), "")


def _rows() -> Iterator[tuple[str, str]]:
    """Every row of every table, as text."""
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f"SELECT * FROM {connection.ops.quote_name(table)}")  # noqa: S608  # the tables' own names
            for row in cursor.fetchall():
                yield f"a row of {table}", " ".join(map(_text, row))


def _text(value: object) -> str:
    if isinstance(value, bytes | memoryview):
        return bytes(value).decode("utf-8", "replace")
    return value if isinstance(value, str) else json.dumps(value, default=str, ensure_ascii=False)
