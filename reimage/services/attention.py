"""An administrator settles what evidence could not: did the reimage take place? Never leads to a second POST."""

from datetime import datetime

from django.db import transaction
from django.db.models import F
from django.utils.translation import gettext as _

from portal.audit.actors import Actor, Target
from portal.audit.services import record
from portal.errors import NotAllowed, NotFound, WrongState
from portal.identity.models import User
from reimage import audit_actions
from reimage.domain.operation_states import OperationState
from reimage.models import ReimageOperation, ReimageRequest
from reimage.services import completion, doorbell
from reimage.services.grants import require_administrator
from reimage.services.moves import standing_change
from reimage.services.secrets import destroy_secrets


def settle_operation(
    *, administrator: User, operation_id: int, executed: bool, comment: str, now: datetime
) -> ReimageOperation:
    """needs_attention → verifying (it took place) or failed (it did not). The comment says what was looked at.

    Raises NotAllowed (role, or no comment), NotFound or WrongState (somebody settled it before).
    """
    require_administrator(administrator)
    if not comment.strip():
        raise NotAllowed(_("Say what you looked at; the audit log keeps it as the reason."))
    operation = ReimageOperation.objects.filter(pk=operation_id).first()
    if operation is None:
        raise NotFound(_("There is no such operation."))
    state = OperationState.VERIFYING if executed else OperationState.FAILED
    note = {
        "code": "settled_as_executed" if executed else "settled_as_not_executed",
        "params": {"comment": comment.strip()},
    }
    findings = [] if executed else standing_change(operation)
    ending = {"next_at": now} if executed else {"next_at": None, "finished_at": now, "findings": findings}
    with transaction.atomic():
        reimage_request = ReimageRequest.objects.select_for_update().get(pk=operation.reimage_request_id)
        waiting = ReimageOperation.objects.filter(pk=operation_id, state=OperationState.NEEDS_ATTENTION)
        if not waiting.update(state=state, note=note, fence=F("fence") + 1, lease_until=None, **ending):
            raise WrongState(_("This operation no longer waits for an administrator; somebody settled it."))
        record(
            action=audit_actions.OPERATION_SETTLED,
            actor=Actor.person(administrator),
            target=Target("virtual_machine", operation.plan["resource_id"], operation.name),
            subject=reimage_request.audit_subject,
            detail={"operation": operation.pk, "executed": executed, "comment": comment.strip(), "findings": findings},
        )
        destroy_secrets(operation_id)
        completion.follow_operation(reimage_request, state)
        if executed:
            doorbell.ring_after_commit([operation_id])
    operation.refresh_from_db()
    return operation
