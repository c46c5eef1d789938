"""Who works on an operation: one conditional UPDATE takes the lease and raises the fence, another writes the result.

A worker that lost its lease finds its fence gone and writes nothing. Lease and due times are the database's clock.
"""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import DateTimeField, ExpressionWrapper, Q, QuerySet, Value
from django.db.models.expressions import Combinable
from django.db.models.functions import Now

from portal.audit.actors import Actor
from portal.audit.catalogue import AuditAction
from portal.audit.services import record
from portal.audit.text import storable
from reimage.azure.errors import MAX_RETRY_AFTER_SECONDS
from reimage.azure.time_limits import CALL_SECONDS
from reimage.domain.operation_states import CANCELABLE, LIFE_CYCLE, TERMINAL, WORKER_STATES, OperationState
from reimage.domain.passwords import PasswordMode
from reimage.domain.plan import PlanDocumentError
from reimage.models import ReimageOperation, ReimageRequest, SecretField
from reimage.services import completion
from reimage.services.secrets import ON_THEIR_WAY, destroy_secrets

WORKER = Actor.system("worker")
# Once Azure may have taken the POST there is never a second one, so the secrets have no further use.
NEEDS_SECRETS = CANCELABLE | {OperationState.SUBMITTING}
STORING_SECONDS = 2
REFILL_SECONDS = 300  # more than an empty bucket of Azure's limits (services/buckets.py) takes for a token
REFUSAL = "refusal"  # in the evidence: Azure refused for now, and whether it really did is not settled yet

QUIET = "quiet_seconds"  # in the evidence: for how long (whole seconds) the machine was seen quiet, and when last
QUIET_AT = "quiet_at"
BEGUN = "begun"  # in the evidence of a failure that the Activity Log tells: whether Azure may have begun


class LeaseLost(Exception):
    """Somebody else owns the operation now; whatever was found out must not be written."""


@dataclass(slots=True)
class Claim:
    """The right to advance one operation, until the deadline (monotonic seconds)."""

    operation: ReimageOperation
    fence: int
    deadline: float
    claimed_at: datetime
    started: float

    @property
    def now(self) -> datetime:
        """The database's time: read with the claim, and carried on by the monotonic clock."""
        return self.claimed_at + timedelta(seconds=time.monotonic() - self.started)

    @property
    def latest_answer(self) -> float:
        """Until when (monotonic seconds) is worth waiting for an answer: what it tells is to be stored, too."""
        return self.deadline - STORING_SECONDS

    @property
    def latest_send(self) -> float:
        """Until when (monotonic seconds) a call may leave, so that its answer still comes within the lease."""
        return self.deadline - CALL_SECONDS

    @property
    def latest_send_at(self) -> datetime:
        """The same moment by the database's clock."""
        return self.claimed_at + timedelta(seconds=self.latest_send - self.started)


def due_in(seconds: float) -> Combinable:
    """A moment by the database's clock, for `next_at`."""
    return ExpressionWrapper(Now() + Value(timedelta(seconds=seconds)), output_field=DateTimeField())


def due_operation_ids(limit: int = 500, *, overdue_seconds: float = 0) -> list[int]:
    """What is free, and has been due for so long, oldest first."""
    due = due_operations(overdue_seconds=overdue_seconds)
    return list(due.order_by("next_at").values_list("pk", flat=True)[:limit])


def due_operations(*, overdue_seconds: float = 0) -> QuerySet[ReimageOperation]:
    """What is due, and held by nobody's lease.

    Times further ahead than any that is ever set are from before the database's clock was set back: they count as past.
    So does none, which only a hand in the database sets.
    """
    due = Q(next_at__lte=due_in(-overdue_seconds)) | Q(next_at__gt=due_in(_longest_wait())) | Q(next_at__isnull=True)
    return ReimageOperation.objects.filter(nobody_holds_it(), due, state__in=WORKER_STATES)


def nobody_holds_it() -> Q:
    """Without a lease, or with one that lapsed."""
    lapsed = Q(lease_until__lt=Now()) | Q(lease_until__gt=due_in(2 * settings.OPERATION_LEASE_SECONDS))
    return Q(lease_until__isnull=True) | lapsed


def _longest_wait() -> float:
    """More seconds than anything waits for: Azure's longest Retry-After, an empty bucket, one's own interval."""
    return 2.0 * settings.OPERATION_POLL_SECONDS + MAX_RETRY_AFTER_SECONDS + REFILL_SECONDS


def claim(operation_id: int) -> Claim | None:
    """Takes the lease if the operation is due and free; None otherwise.

    The fence is compared and then is this claim's own: one that another worker raised meanwhile is never taken for it.
    """
    started = time.monotonic()
    lease = settings.OPERATION_LEASE_SECONDS
    due = due_operations().filter(pk=operation_id)
    seen = due.values_list("fence", flat=True).first()
    if seen is None or not due.filter(fence=seen).update(lease_until=due_in(lease), fence=seen + 1):
        return None
    rows = ReimageOperation.objects.select_related("reimage_request__requester", "virtual_machine")
    operation = rows.annotate(claimed_at=Now()).filter(pk=operation_id, fence=seen + 1).first()
    if operation is None:
        return None
    return Claim(operation, seen + 1, started + lease, operation.claimed_at, time.monotonic())


def renew(held: Claim) -> None:
    """Time for one more read, where a slow one left too little. Raises LeaseLost if the lease lapsed or was taken."""
    started = time.monotonic()
    if started <= held.latest_send:
        return
    lease = settings.OPERATION_LEASE_SECONDS
    mine = ReimageOperation.objects.filter(pk=held.operation.pk, fence=held.fence, lease_until__gt=Now())
    if not mine.update(lease_until=due_in(lease)):
        raise LeaseLost(f"operation {held.operation.pk}, fence {held.fence}")
    held.deadline = started + lease


def commit(
    held: Claim,
    state: OperationState,
    *,
    action: AuditAction | None = None,
    detail: Mapping[str, object] | None = None,
    keep_lease: bool = False,
    gate: Callable[[], None] | None = None,
    **changes: Any,
) -> None:
    """Writes a result together with its audit event. Raises LeaseLost, having written nothing, if the fence moved.

    `gate` is asked within the transaction; whatever it raises undoes all.
    """
    operation = held.operation
    changes = {name: storable(value) for name, value in changes.items()}  # Azure's words may be anything
    _check_move(operation, state)
    if state in TERMINAL:
        changes |= {"finished_at": Now(), "next_at": None}
    if not keep_lease:
        changes |= {"lease_until": None, "crashes": 0}  # the step came to its end
    mine = ReimageOperation.objects.filter(pk=operation.pk, fence=held.fence, state=operation.state)
    if action is None and state == operation.state and not keep_lease:
        _look_again_later(mine, held, changes)
        return
    with transaction.atomic():
        # The request's row first, everywhere: it orders its audit events and prevents deadlocks.
        reimage_request = ReimageRequest.objects.select_for_update().get(pk=operation.reimage_request_id)
        if gate:
            gate()
        if not mine.update(state=state, **changes):
            raise LeaseLost(f"operation {operation.pk}, fence {held.fence}")
        if action:
            _record(action, operation, reimage_request, detail)
        in_term = held.now < reimage_request.expires_at
        useless = _useless(operation, state, changes.get("evidence", operation.evidence), in_term=in_term)
        destroy_secrets(operation.pk, fields=useless)
        completion.follow_operation(reimage_request, state)
    operation.refresh_from_db(fields=None, from_queryset=ReimageOperation.objects.select_related("virtual_machine"))
    operation.reimage_request.refresh_from_db()


def may_be_sent_again(state: OperationState, evidence: Mapping[str, object], *, in_term: bool) -> bool:
    """Whether the secrets have any further use: within the approval's term, before the POST and while a refusal is
    being confirmed.
    """
    is_unsettled = state in NEEDS_SECRETS or (state is OperationState.OUTCOME_UNKNOWN and REFUSAL in evidence)
    return in_term and is_unsettled


def _useless(
    operation: ReimageOperation, state: OperationState, evidence: Mapping[str, object], *, in_term: bool
) -> list[SecretField]:
    """The sealed values that have no further use in this state."""
    useless = [] if may_be_sent_again(state, evidence, in_term=in_term) else list(ON_THEIR_WAY)
    if _promises_generated(operation) and not _may_have_been_set(operation, state, evidence):
        useless.append(SecretField.GENERATED)
    return useless


def _promises_generated(operation: ReimageOperation) -> bool:
    try:
        return operation.reimage_plan.promised_password is PasswordMode.GENERATED
    except PlanDocumentError:  # then what may be there is looked for
        return True


def _may_have_been_set(operation: ReimageOperation, state: OperationState, evidence: Mapping[str, object]) -> bool:
    """Whether the machine may have the generated password; Azure may have set it, and then failed."""
    if state is OperationState.FAILED:
        return operation.accepted_at is not None or bool(evidence.get(BEGUN))
    return state not in CANCELABLE and state not in TERMINAL - {OperationState.SUCCEEDED}


def _look_again_later(mine: QuerySet[ReimageOperation], held: Claim, changes: Mapping[str, Any]) -> None:
    """Nothing happened: most steps of a reimage are this. One statement, and no lock on the request that many share."""
    if not mine.update(**changes):
        raise LeaseLost(f"operation {held.operation.pk}, fence {held.fence}")
    held.operation.note = changes.get("note", held.operation.note)  # for the log line; nothing else of it is told


def _check_move(operation: ReimageOperation, state: OperationState) -> None:
    if operation.state != state and not LIFE_CYCLE.allowed(OperationState(operation.state), state):
        raise ValueError(f"operation {operation.pk} cannot go from {operation.state} to {state}")


def _record(
    action: AuditAction,
    operation: ReimageOperation,
    reimage_request: ReimageRequest,
    detail: Mapping[str, object] | None,
) -> None:
    record(
        action=action,
        actor=WORKER,
        target=operation.audit_target,
        subject=reimage_request.audit_subject,
        detail={"operation": operation.pk, **(detail or {})},
    )
