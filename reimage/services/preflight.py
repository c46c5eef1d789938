"""Right before the POST: is what was approved still what is there, and do both people still hold their rights?

Any difference stops the machine and goes back to the people, field by field.
"""

from collections.abc import Iterable, Mapping
from functools import partial
from uuid import uuid4

from portal.audit.catalogue import AuditAction
from reimage import audit_actions, selectors
from reimage.azure.calls import TOO_LATE, Accepted, CallOutcome, Refused, Unknown
from reimage.azure.errors import AzureError, VirtualMachineNotFound
from reimage.azure.virtual_machines import change_delete_option, read_virtual_machine
from reimage.domain import policy
from reimage.domain.operation_states import OperationState
from reimage.domain.plan import PlanDocumentError, ReimagePlan, drift
from reimage.domain.virtual_machine import VirtualMachineFacts, busy_violations
from reimage.models import (
    ApprovalDecision,
    DecisionOutcome,
    GrantRole,
    ReimageOperation,
    ReimageRequest,
    VirtualMachine,
)
from reimage.services import buckets, gates, inventory, reimaging
from reimage.services.drafting import digest_of
from reimage.services.hindrance import Hindered
from reimage.services.leases import Claim, commit, due_in
from reimage.services.moves import Finding, fail, standing_change, wait, wait_for_azure

BUSY_SECONDS = 15
DELETE_OPTION_SECONDS = 5
MAX_DELETE_OPTION_CALLS = 5
PASSING_REFUSALS = frozenset({0, 401, 409, 429})  # asked again later: unreachable, not accepted, busy, throttled
Findings = list[Finding]


def start(held: Claim) -> None:
    """queued → preflight, and on with the checks under the same claim."""
    commit(held, OperationState.PREFLIGHT, action=audit_actions.OPERATION_PREFLIGHT, keep_lease=True)
    check(held)


def check(held: Claim) -> None:
    """Reads the machine and goes on to the deleteOption change or the POST, waits for a busy machine, or stops."""
    problems = approval_findings(held)
    if problems:
        return _stop(held, problems)
    plan = held.operation.reimage_plan
    try:
        gates.look(held, plan)
        facts = read_virtual_machine(plan.resource_id)
    except VirtualMachineNotFound:
        return _stop(held, [_gone(held.operation, plan)])
    except AzureError as err:
        return wait_for_azure(held, err)
    except Hindered as hindered:
        return gates.hold(held, hindered)
    inventory.follow(facts, now=held.now)
    return _check_facts(held, plan, facts)


def _gone(operation: ReimageOperation, plan: ReimagePlan) -> Finding:
    """Where the inventory has meanwhile seen the machine elsewhere, people are told where."""
    elsewhere = VirtualMachine.objects.filter(vm_id=plan.vm_id, vanished_at__isnull=True)
    moved = elsewhere.exclude(resource_key=operation.resource_key).first()
    if moved:
        return {"code": "virtual_machine_moved", "params": {"vm": operation.name, "resource_id": moved.resource_id}}
    return {"code": "virtual_machine_not_there", "params": {"vm": operation.name}}


def approval_findings(held: Claim) -> Findings:
    """What no longer holds of the approval itself: its digest, its term. Empty if all is well."""
    reimage_request = held.operation.reimage_request
    decision = ApprovalDecision.objects.filter(
        reimage_request=reimage_request, outcome=DecisionOutcome.APPROVED, digest=reimage_request.digest
    ).first()
    documents = reimage_request.operations.values_list("plan", flat=True)  # each machine reads those of all others
    if decision is None or _digest_of(reimage_request, documents) != decision.digest:
        return [{"code": "plan_is_not_the_approved_one", "params": {}}]
    if reimage_request.expires_at <= held.now:
        return [{"code": "approval_expired", "params": {}}]
    return []


def _digest_of(reimage_request: ReimageRequest, documents: Iterable[object]) -> str | None:
    """None, which is nobody's digest, where one of the plans is damaged."""
    try:
        return digest_of(reimage_request, [ReimagePlan.from_document(document) for document in documents])
    except PlanDocumentError:
        return None


def _check_facts(held: Claim, plan: ReimagePlan, facts: VirtualMachineFacts) -> None:
    operation = held.operation
    if busy_violations(facts):
        state = facts.provisioning_state
        return wait(held, BUSY_SECONDS, "virtual_machine_busy", vm=operation.name, provisioning_state=state)
    # Not the state: after a refused POST the machine passes through here again, its option already changed.
    sent = int(operation.evidence.get("delete_option_calls", 0)) > 0
    applied = facts.os_disk.delete_option is plan.delete_option_at_reimage
    problems = [
        *_rights_findings(operation, plan, facts),
        *_drift_findings(plan, facts, delete_option_applied=sent and applied),
    ]
    if problems:
        return _stop(held, problems)
    if plan.changes_delete_option and not applied:
        return _change_delete_option(held, plan)
    if sent and not operation.evidence.get("delete_option_confirmed"):
        _confirm_change(held, plan)
    return reimaging.submit(held, plan, facts)


def _rights_findings(operation: ReimageOperation, plan: ReimagePlan, facts: VirtualMachineFacts) -> Findings:
    """Rights as they stand now, over the machine's tags as they are now. Names nobody: a finding is sealed as it is."""
    reimage_request = operation.reimage_request
    requester = selectors.policy_grants(selectors.grants_of(reimage_request.requester, GrantRole.REQUESTER))
    approver = selectors.policy_grants(selectors.grants_of(reimage_request.decision.approver, GrantRole.APPROVER))
    found: Findings = []
    if not policy.may_request(requester, plan.resource_id, facts.tags):
        found.append({"code": "requester_lost_right", "params": {}})
    if not policy.may_approve(approver, plan.resource_id, facts.tags):
        found.append({"code": "approver_lost_right", "params": {}})
    return found


def _drift_findings(plan: ReimagePlan, facts: VirtualMachineFacts, *, delete_option_applied: bool) -> Findings:
    differences = drift(plan, facts, delete_option_applied=delete_option_applied)
    return [
        {"code": "drifted", "params": {"field": found.field, "approved": found.approved, "found": found.found}}
        for found in differences
    ]


def _stop(held: Claim, problems: Findings) -> None:
    findings = [*problems, *standing_change(held.operation)]
    commit(
        held,
        OperationState.DRIFTED,
        action=audit_actions.OPERATION_DRIFTED,
        detail={"findings": findings},
        findings=findings,
        note={},
    )


def _change_delete_option(held: Claim, plan: ReimagePlan) -> None:
    """Sends the PATCH. Setting the same value twice is harmless, so a lost answer is simply looked at again."""
    client_request_id = uuid4()
    calls = int(held.operation.evidence.get("delete_option_calls", 0)) + 1
    refusals = int(held.operation.evidence.get("delete_option_refusals", 0))
    if calls - refusals > MAX_DELETE_OPTION_CALLS:
        return fail(held, "delete_option_unchanged", wanted=plan.delete_option_at_reimage.value, calls=calls - 1)
    detail = {
        "delete_option": plan.delete_option_at_reimage.value,
        "before": plan.delete_option_before.value,
        "client_request_id": str(client_request_id),
    }
    try:
        commit(
            held,
            OperationState.SETTING_DELETE_OPTION,
            action=audit_actions.DELETE_OPTION_CHANGING,
            detail=detail,
            evidence={**held.operation.evidence, "delete_option_calls": calls},
            keep_lease=True,
            gate=partial(gates.pass_change, held, plan),
        )
    except Hindered as hindered:
        return gates.hold(held, hindered)
    wanted = plan.delete_option_at_reimage
    outcome = change_delete_option(
        plan.resource_id, wanted, client_request_id=client_request_id, deadline=held.latest_send
    )
    _after_change(held, outcome)
    return buckets.learn(plan, outcome, held.now)


def _confirm_change(held: Claim, plan: ReimagePlan) -> None:
    """The machine shows the option as planned; the log says so before the POST goes out."""
    commit(
        held,
        OperationState(held.operation.state),
        action=audit_actions.DELETE_OPTION_CONFIRMED,
        detail={"delete_option": plan.delete_option_at_reimage.value, "before": plan.delete_option_before.value},
        evidence={**held.operation.evidence, "delete_option_confirmed": True},
        keep_lease=True,
    )


def _after_change(held: Claim, outcome: CallOutcome) -> None:
    match outcome:
        case Accepted():
            _look_again(
                held,
                audit_actions.DELETE_OPTION_ACCEPTED,
                {"status": outcome.status, "azure_request_id": outcome.request_id},
                note={"code": "delete_option_changing", "params": {}},
                seconds=DELETE_OPTION_SECONDS,
            )
        case Unknown():
            _look_again(
                held,
                audit_actions.DELETE_OPTION_UNKNOWN,
                {"status": outcome.status, "reason": outcome.reason},
                note={"code": "azure_unavailable", "params": {"status": outcome.status}},
                seconds=BUSY_SECONDS,
            )
        case _:
            _after_refused_change(held, outcome)


def _look_again(
    held: Claim, action: AuditAction, detail: Finding, *, note: Mapping[str, object], seconds: float
) -> None:
    state = OperationState.SETTING_DELETE_OPTION
    commit(held, state, action=action, detail=detail, note=note, next_at=due_in(seconds))


def _refusal_note(outcome: Refused) -> Mapping[str, object]:
    if outcome.is_of_the_identity:
        return {"code": "identity_refused", "params": {"status": outcome.status, "azure_code": outcome.code}}
    if outcome.status == 0:
        return {"code": "too_late_to_send" if outcome.code == TOO_LATE else "not_sent", "params": {}}
    return {"code": "azure_conflict", "params": {"azure_code": outcome.code}}


def _after_refused_change(held: Claim, outcome: Refused) -> None:
    """A call that left stays counted, whatever was answered: whoever refused may not be who took it, and the next look
    has to know its own change. It spends none of the calls, for throttling may last. What never left is taken back.
    """
    evidence = {**held.operation.evidence}
    counted, step = ("delete_option_refusals", 1) if outcome.status else ("delete_option_calls", -1)
    evidence[counted] = int(evidence.get(counted, 0)) + step
    commit(
        held,
        OperationState.SETTING_DELETE_OPTION,
        action=audit_actions.DELETE_OPTION_REFUSED,
        detail={"status": outcome.status, "azure_code": outcome.code, "message": outcome.message},
        evidence=evidence,
        next_at=due_in(outcome.retry_after or BUSY_SECONDS),
        note=_refusal_note(outcome),
        keep_lease=outcome.status not in PASSING_REFUSALS,
    )
    if outcome.status not in PASSING_REFUSALS:
        fail(held, "azure_refused", status=outcome.status, azure_code=outcome.code, message=outcome.message)
