"""Sealed values do not outlive their approval, though nobody can tell yet what became of a refused call.

All other states end by themselves when the term is over; this one waits for Azure, which may be for long. Where
something keeps one of those from its end, as a damaged row does, its values go an hour later.
"""

from datetime import datetime, timedelta
from functools import partial

from django.db import transaction
from django.db.models import Q, QuerySet

from portal.audit.actors import Actor
from portal.audit.services import record
from reimage import audit_actions
from reimage.domain.operation_states import OperationState
from reimage.domain.request_states import RequestState
from reimage.models import ReimageOperation, ReimageRequest
from reimage.services.leases import nobody_holds_it
from reimage.services.one_by_one import one_by_one
from reimage.services.secrets import ON_THEIR_WAY, destroy_secrets

APPROVED = (RequestState.APPROVED, RequestState.EXECUTING)  # what was not has duties of its own
LONG_OVER = timedelta(hours=1)  # no step takes as long


def destroy_overdue_secrets(*, now: datetime) -> int:
    """Destroys what was sealed for an approval that ran out. Of how many operations, it returns.

    What is left for them is evidence or a person's word: nothing can be sent again.
    """
    keys = _overdue(now).values_list("pk", "reimage_request_id").distinct()
    return one_by_one(partial(_destroy, now=now), keys)


def _overdue(now: datetime) -> QuerySet[ReimageOperation]:
    """A step that is under way comes first: what it finds out may be the end. But not for ever."""
    waits = Q(nobody_holds_it(), state=OperationState.OUTCOME_UNKNOWN, reimage_request__expires_at__lte=now)
    hangs = Q(reimage_request__state__in=APPROVED, reimage_request__expires_at__lte=now - LONG_OVER)
    return ReimageOperation.objects.filter(waits | hangs, sealed_secrets__field__in=ON_THEIR_WAY)


def _destroy(keys: tuple[int, int], *, now: datetime) -> bool:
    pk, reimage_request_id = keys
    with transaction.atomic():
        # Whose row somebody holds right now comes in the next round; the others do not wait for it.
        rows = ReimageRequest.objects.select_for_update(skip_locked=True)
        reimage_request = rows.filter(pk=reimage_request_id).first()
        operation = _overdue(now).filter(pk=pk).first()
        if reimage_request is None or operation is None:
            return False
        destroy_secrets(pk, fields=ON_THEIR_WAY)
        record(
            action=audit_actions.SECRETS_EXPIRED,
            actor=Actor.system("expiry"),
            target=operation.audit_target,
            subject=reimage_request.audit_subject,
            detail={"operation": pk},
        )
    return True
