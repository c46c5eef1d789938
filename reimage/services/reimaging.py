"""The one POST: intent committed before it leaves, answer classified after it. Never repeated by any retry."""

import time
from collections.abc import Mapping
from functools import partial
from typing import Any
from uuid import uuid4

import structlog
from django.db import Error, connection
from django.db.models.functions import Now

from portal.database_trouble import cause_of, is_trouble
from reimage import audit_actions
from reimage.azure.calls import TOO_LATE, Accepted, CallOutcome, Refused, is_trusted_address
from reimage.azure.virtual_machines import submit_reimage
from reimage.domain.operation_states import OperationState
from reimage.domain.plan import ReimagePlan
from reimage.domain.virtual_machine import VirtualMachineFacts
from reimage.services import buckets, gates, generated_passwords, refusals
from reimage.services.bodies import filled_body
from reimage.services.hindrance import Hindered
from reimage.services.leases import Claim, commit, due_in
from reimage.services.moves import fail, wait
from reimage.services.pace import poll_seconds
from reimage.services.secrets import SealingError, SealingKeyMissing

CONFLICT_SECONDS = 30
THROTTLED_SECONDS = 60
KEY_SECONDS = 60
MAX_ATTEMPTS = 20
THROTTLED = "throttled"  # in the evidence: how many attempts were answered with 429, which says nothing of the reimage
_NOTHING: Mapping[str, object] = {}
log = structlog.get_logger(__name__)


def submit(held: Claim, plan: ReimagePlan, facts: VirtualMachineFacts) -> None:
    """Commits the intent, then sends. The preflight's reading of the machine becomes the evidence."""
    try:
        generated = generated_passwords.generate_for(plan)
        body = filled_body(held.operation, plan, generated=generated)
    except SealingKeyMissing as err:
        log.warning("secret.no_key", reason=str(err))
        return wait(held, KEY_SECONDS, "sealing_key_missing")
    except SealingError as err:
        log.warning("secret.unusable", reason=str(err))
        return fail(held, "secret_unusable")
    if time.monotonic() > held.latest_send:
        return wait(held, poll_seconds(), "too_late_to_send")  # before the intent: no attempt, and nothing to explain
    if held.operation.attempt - int(held.operation.evidence.get(THROTTLED, 0)) >= MAX_ATTEMPTS:
        return fail(held, "too_many_attempts", attempts=held.operation.attempt)
    client_request_id = uuid4()
    evidence = {
        **held.operation.evidence,
        "vm_id": facts.vm_id,
        "os_disk_id": facts.os_disk.resource_id,
        "provisioning_state": facts.provisioning_state,
        "power_state": facts.power_state or "",
        "read_at": held.now.isoformat(),
        "may_leave_until": held.latest_send_at.isoformat(),
    }
    try:
        commit(
            held,
            OperationState.SUBMITTING,
            action=audit_actions.OPERATION_SUBMITTING,
            detail={"client_request_id": str(client_request_id), "body": plan.body, "evidence": evidence},
            client_request_id=client_request_id,
            attempt=held.operation.attempt + 1,
            evidence=evidence,
            submitted_at=Now(),
            note={},
            keep_lease=True,
            gate=partial(_pass, held, plan, generated),
        )
    except Hindered as hindered:
        return gates.hold(held, hindered)
    # The step unbinds them again when it ends.
    structlog.contextvars.bind_contextvars(client_request_id=str(client_request_id), attempt=held.operation.attempt)
    log.info("reimage.sending")
    outcome = submit_reimage(plan.resource_id, body, client_request_id=client_request_id, deadline=held.latest_send)
    log.info("reimage.answered", outcome=type(outcome).__name__, status=outcome.status)
    _store(held, outcome)
    return buckets.learn(plan, outcome, held.now)  # only now: whatever befalls it, the answer is stored


def _pass(held: Claim, plan: ReimagePlan, generated: str | None) -> None:
    """The gates. What was generated is kept by the intent's own transaction: no machine may get what nobody can see."""
    gates.pass_reimage(held, plan)
    if generated is not None:
        generated_passwords.keep(held.operation, generated, now=held.now)


def _store(held: Claim, outcome: CallOutcome) -> None:
    """Once more over a new connection where the database did not take it: an answer that is lost costs a person's time.

    The connection may have broken right after the commit: then it did take it, and nothing is written again.
    """
    try:
        _after_post(held, outcome)
    except Error as err:
        if not is_trouble(err):
            raise
        log.warning("reimage.answer_not_stored", cause=cause_of(err))
        connection.close()
        held.operation.refresh_from_db()
        if held.operation.state == OperationState.SUBMITTING:
            _after_post(held, outcome)


def recover(held: Claim) -> None:
    """A worker died between intent and answer: whether the POST left is not known, and it is not sent again."""
    _lost(held, {"code": "worker_died", "params": {}})


def _after_post(held: Claim, outcome: CallOutcome) -> None:
    match outcome:
        case Accepted():
            _accepted(held, outcome)
        case Refused(is_of_the_identity=True):
            note = {"code": "identity_refused", "params": {"status": outcome.status, "azure_code": outcome.code}}
            _requeue(held, note, seconds=poll_seconds(), outcome=outcome)
        case Refused(status=429):
            note = {"code": "throttled", "params": {"azure_code": outcome.code}}
            times = int(held.operation.evidence.get(THROTTLED, 0)) + 1
            seconds = outcome.retry_after or THROTTLED_SECONDS
            refusals.doubt(held, note, outcome, seconds=seconds, evidence={THROTTLED: times})
        case Refused(status=0, code=code):
            note = {"code": "too_late_to_send" if code == TOO_LATE else "not_sent", "params": {}}
            _requeue(held, note, seconds=poll_seconds() if code == TOO_LATE else CONFLICT_SECONDS, outcome=outcome)
        case Refused(status=409):
            note = {"code": "azure_conflict", "params": {"azure_code": outcome.code, "message": outcome.message}}
            refusals.doubt(held, note, outcome, seconds=outcome.retry_after or CONFLICT_SECONDS)
        case Refused():
            words = {"azure_code": outcome.code, "message": outcome.message}
            fail(held, "azure_refused", status=outcome.status, **words)
        case _:
            _lost(held, {"code": "answer_lost", "params": {"reason": outcome.reason, "status": outcome.status}})


def _accepted(held: Claim, outcome: Accepted) -> None:
    detail = {
        "status": outcome.status,
        "azure_request_id": outcome.request_id,
        "operation_url": outcome.operation_url,
        "location_url": outcome.location_url,
    }
    changes: dict[str, Any] = {
        "operation_url": outcome.operation_url,
        "location_url": outcome.location_url,
        "azure_request_id": outcome.request_id,
        "accepted_at": Now(),
        "next_at": due_in(poll_seconds(outcome.retry_after)),
    }
    if outcome.operation_url and is_trusted_address(outcome.operation_url):
        state, note = OperationState.IN_PROGRESS, _NOTHING
    elif outcome.operation_url:
        state, note = OperationState.NEEDS_ATTENTION, {"code": "operation_address_foreign", "params": {}}
        changes["next_at"] = None
    else:
        state, note = OperationState.OUTCOME_UNKNOWN, {"code": "operation_address_missing", "params": {}}
    commit(held, state, action=audit_actions.OPERATION_ACCEPTED, detail={**detail, **note}, note=note, **changes)


def _requeue(held: Claim, note: Mapping[str, object], *, seconds: float, outcome: Refused) -> None:
    """Nothing was executed for certain: back to the queue, through a new preflight.

    Not an attempt: however long it takes to be mended, the approval keeps all of its own.
    """
    commit(
        held,
        OperationState.QUEUED,
        action=audit_actions.OPERATION_REFUSED,
        detail={**note, "status": outcome.status},
        note=note,
        next_at=due_in(seconds),
        attempt=held.operation.attempt - 1,
    )


def _lost(held: Claim, note: Mapping[str, object]) -> None:
    commit(
        held,
        OperationState.OUTCOME_UNKNOWN,
        action=audit_actions.OPERATION_UNKNOWN,
        detail=note,
        note=note,
        next_at=due_in(poll_seconds()),
    )
