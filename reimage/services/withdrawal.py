"""Ends what was not sent to Azure, when people change their mind: a whole request, or what is left of one that runs.

The caller holds the request's row. A raised fence makes a worker that is at it lose its claim before the POST.
"""

from collections.abc import Iterable
from datetime import datetime

from django.db.models import F
from django.utils.translation import gettext as _

from portal.audit.actors import Actor
from portal.audit.services import record
from portal.errors import WrongState
from reimage import audit_actions
from reimage.domain import operation_states, request_states
from reimage.domain.operation_states import OperationState
from reimage.domain.request_states import RequestState
from reimage.models import ReimageOperation, ReimageRequest
from reimage.services import completion, secrets
from reimage.services.moves import Finding, standing_change


def is_cancelable(reimage_request: ReimageRequest) -> bool:
    """Whether it can be withdrawn as a whole: no reimage of it has been sent yet."""
    if reimage_request.state not in request_states.CANCELABLE:
        return False
    return all(operation.state in operation_states.CANCELABLE for operation in reimage_request.operations.all())


def unsent_operations(reimage_request: ReimageRequest) -> list[ReimageOperation]:
    """What can still be called off of a request that is executing."""
    if reimage_request.state != RequestState.EXECUTING:
        return []
    return [one for one in reimage_request.operations.all() if one.state in operation_states.CANCELABLE]


def release_machines(found: ReimageRequest, *, now: datetime) -> None:
    """Cancels all of a request. Raises WrongState if one was sent."""
    operations = list(found.operations.select_for_update())
    if len(_cancel(operations, now)) != len(operations):
        raise WrongState(
            _("It is too late: the reimage of a machine of request #%(id)s has been sent to Azure.") % {"id": found.pk}
        )
    for operation in operations:
        # Canceling does not set deleteOption back; whoever reads the request or the log must know.
        if findings := _keep_findings(operation):
            _record(found, operation, Actor.system("cancellation"), findings)


def call_off_unsent(found: ReimageRequest, actor: Actor, *, now: datetime) -> bool:
    """Cancels what was not sent yet, and ends the request if nothing else runs. False if all was sent."""
    canceled = _cancel(list(found.operations.select_for_update()), now)
    for operation in canceled:
        _record(found, operation, actor, _keep_findings(operation))
    if canceled:
        completion.follow_operation(found, OperationState.CANCELED)
    return bool(canceled)


def _cancel(operations: Iterable[ReimageOperation], now: datetime) -> list[ReimageOperation]:
    """Those of these locked rows that were not sent, canceled and without their secrets."""
    unsent = [operation for operation in operations if operation.state in operation_states.CANCELABLE]
    ids = [operation.pk for operation in unsent]
    ending = {"state": OperationState.CANCELED, "finished_at": now, "next_at": None, "lease_until": None, "note": {}}
    ReimageOperation.objects.filter(pk__in=ids).update(**ending, fence=F("fence") + 1)
    secrets.destroy_secrets(*ids)
    return unsent


def _keep_findings(operation: ReimageOperation) -> list[Finding]:
    findings = standing_change(operation)
    if findings:
        ReimageOperation.objects.filter(pk=operation.pk).update(findings=findings)
    return findings


def _record(found: ReimageRequest, operation: ReimageOperation, actor: Actor, findings: list[Finding]) -> None:
    record(
        action=audit_actions.OPERATION_CANCELED,
        actor=actor,
        target=operation.audit_target,
        subject=found.audit_subject,
        detail={"operation": operation.pk, "findings": findings},
    )
