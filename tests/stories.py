"""What the cast does, in one call each, through the services: for tests whose subject comes afterwards."""

from datetime import datetime, timedelta
from typing import Any

from django.db.models.functions import Now
from django.utils import timezone

from portal.identity.models import User
from reimage.domain.operation_states import WORKER_STATES, OperationState
from reimage.domain.parameters import ReimageParameters
from reimage.domain.plan import DeleteOptionChange
from reimage.models import ReimageOperation, ReimageRequest, VirtualMachine
from reimage.services import decision, drafting, execution, submission
from reimage.services.clock import database_now
from tests.sandbox_process import SandboxProcess

NOTHING = ReimageParameters()


def draft(
    requester: User,
    *names: str,
    parameters: ReimageParameters = NOTHING,
    change: DeleteOptionChange = DeleteOptionChange.KEEP,
    language: str = "ja",
    justification: str = "The disk image is corrupt.",
) -> ReimageRequest:
    """A reviewed form, not yet sent."""
    machines = {machine.name: machine for machine in VirtualMachine.objects.filter(name__in=names)}
    return drafting.draft_reimage_request(
        requester=requester,
        targets=[drafting.TargetSettings(machines[name].pk, parameters, change) for name in names],
        justification=justification,
        ticket="INC-7",
        language=language,
        now=timezone.now(),
    )


def submit(reimage_request: ReimageRequest) -> ReimageRequest:
    """The requester confirms."""
    return submission.submit_reimage_request(
        requester=reimage_request.requester,
        reimage_request_id=reimage_request.pk,
        confirmation=submission.confirmation_phrase(reimage_request),
        accepts_disk_deletion=True,
        language=reimage_request.language,
        now=timezone.now(),
    )


def request_reimage(
    requester: User,
    *names: str,
    parameters: ReimageParameters = NOTHING,
    change: DeleteOptionChange = DeleteOptionChange.KEEP,
) -> ReimageRequest:
    """A request that waits for its approver."""
    return submit(draft(requester, *names, parameters=parameters, change=change))


def approve(approver: User, reimage_request: ReimageRequest) -> ReimageRequest:
    """The approver agrees to the plan as it is."""
    return decision.approve_reimage_request(
        approver=approver,
        reimage_request_id=reimage_request.pk,
        digest=reimage_request.digest,
        comment="",
        now=timezone.now(),
    )


def advance(operation: ReimageOperation) -> ReimageOperation:
    """One step of a worker, as if its time had come."""
    make_due(operation)
    execution.advance_operation(operation.pk)
    operation.refresh_from_db()
    return operation


def make_due(operation: ReimageOperation) -> None:
    """For a second already: the machine's clock may be set back a little meanwhile."""
    waiting = ReimageOperation.objects.filter(pk=operation.pk, next_at__isnull=False)
    waiting.update(next_at=Now() - timedelta(seconds=1))


def run(reimage_request: ReimageRequest, sandbox: SandboxProcess, *, steps: int = 30) -> ReimageRequest:
    """Works like worker and sweeper together until nothing is left for a worker; the sandbox's clock moves along."""
    for _ in range(steps):
        waiting = reimage_request.operations.filter(state__in=WORKER_STATES)
        if not waiting:
            break
        for operation in waiting:
            advance(operation)
        sandbox.advance_clock(20)
    reimage_request.refresh_from_db()
    return reimage_request


def approved(
    requester: User,
    approver: User,
    *names: str,
    parameters: ReimageParameters = NOTHING,
    change: DeleteOptionChange = DeleteOptionChange.KEEP,
) -> ReimageRequest:
    """A request that a worker may begin with."""
    return approve(approver, request_reimage(requester, *names, parameters=parameters, change=change))


def advance_to(operation: ReimageOperation, state: OperationState, *, steps: int = 8) -> ReimageOperation:
    """A worker's steps until the state is reached; the clocks stand still."""
    for _ in range(steps):
        if operation.state == state:
            return operation
        advance(operation)
    raise AssertionError(f"{operation} is {operation.state} ({operation.note}), not {state}")


def let_lease_lapse(operation: ReimageOperation) -> None:
    """As if a minute had passed since its worker died."""
    held = ReimageOperation.objects.filter(pk=operation.pk, lease_until__isnull=False)
    held.update(lease_until=timezone.now() - timedelta(seconds=1))


def age(operation: ReimageOperation, since: timedelta) -> None:
    """As if everything that happened to it had happened so much earlier."""
    operation.refresh_from_db()
    for name in ("submitted_at", "accepted_at"):
        if moment := getattr(operation, name):
            setattr(operation, name, moment - since)
    for name in ("ended_at", "busy_at", "may_leave_until", "unanswered_since"):
        if name in operation.evidence:
            earlier = datetime.fromisoformat(operation.evidence[name]) - since
            operation.evidence[name] = earlier.isoformat()
    if operation.state == OperationState.OUTCOME_UNKNOWN:
        _see_it_quiet(operation.evidence, since)
    operation.save()


def _see_it_quiet(evidence: dict[str, Any], since: timedelta) -> None:
    """As if workers had looked all the while: of it counts what came after the call could leave, or it was busy."""
    begins = [datetime.fromisoformat(evidence[name]) for name in ("may_leave_until", "busy_at") if name in evidence]
    now = database_now()
    seen = min([since, *(now - begin for begin in begins)])
    evidence["quiet_seconds"] = evidence.get("quiet_seconds", 0) + max(0, int(seen.total_seconds()))
    evidence["quiet_at"] = now.isoformat()


def bear_out(operation: ReimageOperation, sandbox: SandboxProcess) -> ReimageOperation:
    """One more look at what Azure refused for now: the Activity Log has it meanwhile, and it is queued again."""
    assert "refusal" in operation.evidence
    sandbox.advance_clock(121)
    assert advance(operation).state == OperationState.QUEUED
    return operation


def posts(sandbox: SandboxProcess, vm: str = "") -> list[dict[str, Any]]:
    """Every reimage POST that arrived at Azure, accepted or not."""
    return sandbox.ledger(action="reimage", **({"vm": vm} if vm else {}))


def accepted_posts(sandbox: SandboxProcess, vm: str = "") -> list[dict[str, Any]]:
    """Those that Azure took on."""
    return [entry for entry in posts(sandbox, vm) if entry["accepted"]]
