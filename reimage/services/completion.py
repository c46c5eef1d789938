"""What the machines' progress means for their request: it starts executing with the first, and ends with the last."""

from django.db.models.functions import Now

from portal.audit.actors import Actor, Target
from portal.audit.services import record
from reimage import audit_actions
from reimage.domain.operation_states import TERMINAL, OperationState
from reimage.domain.request_states import RequestState, request_outcome
from reimage.models import NoticeKind, ReimageRequest
from reimage.services import notification
from reimage.services.clock import database_now

# From here on a request is not withdrawn as a whole: something was sent, or has already ended.
BEGUN = TERMINAL | {OperationState.SUBMITTING, OperationState.NEEDS_ATTENTION}


def follow_operation(reimage_request: ReimageRequest, state: OperationState) -> None:
    """Moves the request after one of its operations moved to `state`. The caller holds the request's row."""
    if state in BEGUN:
        rows = ReimageRequest.objects.filter(pk=reimage_request.pk, state=RequestState.APPROVED)
        rows.update(state=RequestState.EXECUTING)
    if state is OperationState.NEEDS_ATTENTION:
        notification.announce(reimage_request, NoticeKind.NEEDS_ATTENTION, now=database_now())
    if state in TERMINAL:
        _finish(reimage_request)


def _finish(reimage_request: ReimageRequest) -> None:
    operations = list(reimage_request.operations.all())
    if any(operation.state not in TERMINAL for operation in operations):
        return
    outcome = request_outcome([(OperationState(one.state), bool(one.findings)) for one in operations])
    rows = ReimageRequest.objects.filter(pk=reimage_request.pk, state=RequestState.EXECUTING)
    if not rows.update(state=outcome, finished_at=Now()):
        return
    record(
        action=audit_actions.REQUEST_FINISHED,
        actor=Actor.system("worker"),
        target=Target("reimage_request", str(reimage_request.pk), str(reimage_request)),
        subject=reimage_request.audit_subject,
        detail={
            "outcome": outcome.value,
            "virtual_machines": {operation.resource_id: operation.state for operation in operations},
        },
    )
    notification.announce(reimage_request, NoticeKind.FINISHED, now=database_now())
