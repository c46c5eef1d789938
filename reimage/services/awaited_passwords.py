"""PASSWORD_MODE at_release: an approved machine waits for a password that its requester alone gives, once."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from functools import partial

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _

from portal.audit.actors import Actor
from portal.audit.services import record
from portal.errors import NotAllowed, WrongState
from portal.identity.models import User
from reimage import audit_actions, selectors
from reimage.domain.errors import RuleViolation
from reimage.domain.operation_states import OperationState
from reimage.domain.passwords import PasswordMode, password_violations
from reimage.domain.request_states import RequestState
from reimage.models import NoticeKind, ReimageOperation, ReimageRequest, SecretField
from reimage.services import completion, doorbell, notification, secrets
from reimage.services.errors import Finding, InvalidReimageRequest, no_such_request, plan_of
from reimage.services.one_by_one import one_by_one
from reimage.services.requester_rights import lost_right

AWAITED = OperationState.AWAITING_PASSWORD


def release_operations(approved: ReimageRequest, *, now: datetime) -> None:
    """To the queue, or to wait for the password that the plan promises. In the transaction of the approval."""
    operations = list(approved.operations.filter(state=OperationState.AWAITING_APPROVAL))
    waiting = [one.pk for one in operations if plan_of(one).promised_password is PasswordMode.AT_RELEASE]
    until = min(now + timedelta(hours=settings.PASSWORD_HOURS), approved.expires_at)
    approved.operations.filter(pk__in=waiting).update(state=AWAITED, next_at=until)
    queued = [operation.pk for operation in operations if operation.pk not in waiting]
    _queue(queued, now)
    kind = NoticeKind.PASSWORD_AWAITED if waiting else NoticeKind.APPROVED
    notification.announce(approved, kind, now=now)


def require_own(person: User, reimage_request_id: int) -> ReimageRequest:
    """The person's own request. Raises NotFound, or NotAllowed for those who may only read it."""
    visible = selectors.reimage_requests_visible_to(person).exclude(state=RequestState.DRAFT)
    found = visible.filter(pk=reimage_request_id).select_related("requester").first()
    if found is None:
        raise no_such_request(reimage_request_id)
    if found.requester_id != person.pk:
        raise NotAllowed(
            _("Passwords of request #%(id)s are for the person who asked for it alone.") % {"id": found.pk},
            _("Neither approvers nor administrators can give or see them. Ask %(name)s.") % {"name": found.requester},
        )
    return found


def give_password(
    *, requester: User, reimage_request_id: int, operation_ids: Iterable[int], password: str, now: datetime
) -> list[ReimageOperation]:
    """Seals the password for each of these machines and lets them go on. Returns them.

    Raises NotFound, NotAllowed (another's, or the right was lost since), InvalidReimageRequest (none chosen, or Azure's
    rules are not met), DamagedPlan or WrongState (a machine does not wait for a password: given already, canceled, too
    late).
    """
    require_own(requester, reimage_request_id)
    with transaction.atomic():
        # The request's row first, as everywhere: two forms that were sent at once come one after the other.
        found = ReimageRequest.objects.select_for_update(of=("self",)).select_related("requester")
        reimage_request = found.get(pk=reimage_request_id)
        chosen = list(reimage_request.operations.filter(pk__in=set(operation_ids)).select_related("virtual_machine"))
        _check_rules(chosen, password)
        _check_may_go_on(reimage_request, chosen, now)
        for operation in chosen:
            _seal(reimage_request, operation, password, now)
        _queue([operation.pk for operation in chosen], now)
    return chosen


def expire_awaited_passwords(*, now: datetime) -> int:
    """Ends every machine whose password was not given in time. Returns how many."""
    overdue = ReimageOperation.objects.filter(state=AWAITED, next_at__lte=now)
    return one_by_one(partial(_expire, now=now), overdue.values_list("pk", "reimage_request_id"))


def _check_rules(chosen: list[ReimageOperation], password: str) -> None:
    if not chosen:
        raise InvalidReimageRequest([Finding(RuleViolation("operations", "no_virtual_machine"))])
    broken = {
        violation.code: Finding(violation)
        for os_type in {plan_of(operation).os_type for operation in chosen}
        for violation in password_violations(password, os_type)
    }
    if broken:
        raise InvalidReimageRequest(list(broken.values()))


def _check_may_go_on(reimage_request: ReimageRequest, chosen: list[ReimageOperation], now: datetime) -> None:
    """Nothing is sealed that could not be used. Tags are asked at Azure, before the POST."""
    late = [one.name for one in chosen if one.state != AWAITED or one.next_at is None or one.next_at <= now]
    if late:
        raise WrongState(
            _("No password is awaited (any more) for: %(machines)s.") % {"machines": _(", ").join(late)},
            _("Nothing was stored. The request's page shows what happened."),
        )
    remedy = _("Nothing was stored. Ask an administrator to renew the grant; until then no reimage could follow.")
    if refused := lost_right(reimage_request.requester, chosen, remedy=remedy, with_tags=False):
        raise refused


def _seal(reimage_request: ReimageRequest, operation: ReimageOperation, password: str, now: datetime) -> None:
    secret = secrets.commit(password)
    secrets.seal(
        secret, operation=operation, reimage_request=reimage_request, field=SecretField.ADMIN_PASSWORD, now=now
    )
    record(
        action=audit_actions.PASSWORD_GIVEN,
        actor=Actor.person(reimage_request.requester),
        target=operation.audit_target,
        subject=reimage_request.audit_subject,
        detail={"operation": operation.pk, "commitment": secret.commitment},
    )


def _queue(operation_ids: list[int], now: datetime) -> None:
    rows = ReimageOperation.objects.filter(pk__in=operation_ids)
    rows.update(state=OperationState.QUEUED, queued_at=now, next_at=now)
    doorbell.ring_after_commit(operation_ids)


def _expire(keys: tuple[int, int], *, now: datetime) -> bool:
    pk, reimage_request_id = keys
    with transaction.atomic():
        # Whose row somebody holds right now comes in the next round; the others do not wait for it.
        rows = ReimageRequest.objects.select_for_update(skip_locked=True)
        reimage_request = rows.filter(pk=reimage_request_id).first()
        overdue = ReimageOperation.objects.filter(pk=pk, state=AWAITED, next_at__lte=now)
        findings = [{"code": "password_not_given", "params": {}}]
        ending = {"state": OperationState.EXPIRED, "finished_at": now, "next_at": None, "findings": findings}
        if reimage_request is None or not overdue.update(**ending):
            return False
        secrets.destroy_secrets(pk)  # customData
        operation = ReimageOperation.objects.get(pk=pk)
        record(
            action=audit_actions.OPERATION_EXPIRED,
            actor=Actor.system("expiry"),
            target=operation.audit_target,
            subject=reimage_request.audit_subject,
            detail={"operation": pk, "findings": findings},
        )
        completion.follow_operation(reimage_request, OperationState.EXPIRED)
    return True
