"""An administrator settles what evidence could not: did the reimage take place? Never leads to a second POST."""

from datetime import datetime

from django.db import transaction
from django.db.models import F
from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.utils.translation import gettext as _

from portal.audit.actors import Actor
from portal.audit.personal import Personal
from portal.audit.services import record
from portal.errors import NotAllowed, NotFound, WrongState
from portal.identity.models import User
from portal.identity.roles import require_administrator
from reimage import audit_actions, wording
from reimage.domain.errors import RuleViolation
from reimage.domain.operation_states import OperationState
from reimage.models import ReimageOperation, ReimageRequest, SecretField
from reimage.services import completion, doorbell
from reimage.services.moves import standing_change
from reimage.services.secrets import ON_THEIR_WAY, destroy_secrets
from reimage.services.weighing import WEIGHED, known_of


def settle_operation(
    *, administrator: User, operation_id: int, executed: bool, comment: str, confirmation: str, now: datetime
) -> ReimageOperation:
    """needs_attention → verifying (it took place) or failed (it did not). The comment says what was looked at.

    `confirmation` is the machine's name as typed. Raises NotAllowed (role, no comment, another name), NotFound or
    WrongState (somebody settled it before; says who and when).
    """
    require_administrator(administrator)
    operation = ReimageOperation.objects.filter(pk=operation_id).first()
    if operation is None:
        raise NotFound(_("There is no such operation."))
    require_waiting(operation)
    _check_words(operation, comment, confirmation)
    state = OperationState.VERIFYING if executed else OperationState.FAILED
    note = {
        "code": "settled_as_executed" if executed else "settled_as_not_executed",
        "params": {"comment": comment.strip()},
    }
    findings = [] if executed else standing_change(operation)
    known = known_of(operation)
    # Kept beside the evidence, which outlives the note: whoever comes second is told who was first.
    evidence = {
        **operation.evidence,
        WEIGHED: known,
        "settled_by": administrator.display_name,
        "settled_at": now.isoformat(),
        "settled_as_executed": executed,
    }
    ending = {"next_at": now} if executed else {"next_at": None, "finished_at": now, "findings": findings}
    with transaction.atomic():
        reimage_request = ReimageRequest.objects.select_for_update().get(pk=operation.reimage_request_id)
        waiting = ReimageOperation.objects.filter(pk=operation_id, state=OperationState.NEEDS_ATTENTION)
        if not waiting.update(
            state=state, note=note, evidence=evidence, fence=F("fence") + 1, lease_until=None, **ending
        ):
            raise _settled(operation_id)
        record(
            action=audit_actions.OPERATION_SETTLED,
            actor=Actor.person(administrator),
            target=operation.audit_target,
            subject=reimage_request.audit_subject,
            detail={
                "operation": operation.pk,
                "executed": executed,
                "comment": Personal(comment.strip()),
                "findings": findings,
                "evidence": known,
            },
        )
        destroy_secrets(operation_id, fields=ON_THEIR_WAY if executed else tuple(SecretField))
        completion.follow_operation(reimage_request, state)
        if executed:
            doorbell.ring_after_commit([operation_id])
        operation.refresh_from_db()
    return operation


def require_waiting(operation: ReimageOperation) -> None:
    """Raises WrongState, saying who settled it and when, unless the operation still waits."""
    if operation.state != OperationState.NEEDS_ATTENTION:
        raise _settled(operation.pk)


def settled_text(operation: ReimageOperation) -> str:
    """Who settled it, when and how; for an operation that no person settled, that it does not wait."""
    evidence = operation.evidence
    if "settled_by" not in evidence:
        return _("This operation does not wait for an administrator.")
    text = (
        _("%(name)s already settled it at %(time)s: the reimage took place.")
        if evidence["settled_as_executed"]
        else _("%(name)s already settled it at %(time)s: the reimage did not take place.")
    )
    when = date_format(localtime(datetime.fromisoformat(evidence["settled_at"])), "Y-m-d H:i T")
    return text % {"name": evidence["settled_by"], "time": when}


def _check_words(operation: ReimageOperation, comment: str, confirmation: str) -> None:
    if not comment.strip():
        raise NotAllowed(_("Say what you looked at; the audit log keeps it as the reason."))
    if confirmation.strip().casefold() != operation.name.casefold():
        differs = RuleViolation("confirmation", "confirmation_differs", {"phrase": operation.name})
        raise NotAllowed(wording.violation_text(differs))


def _settled(operation_id: int) -> WrongState:
    operation = ReimageOperation.objects.get(pk=operation_id)
    return WrongState(settled_text(operation), _("Nothing was changed by you. The request's page shows what happened."))
