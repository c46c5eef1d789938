"""A second person decides, once, about exactly the plan they saw. Nobody decides a request of their own."""

from datetime import datetime, timedelta
from functools import partial

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from portal.audit.actors import Actor, Target
from portal.audit.catalogue import AuditAction
from portal.audit.personal import Personal
from portal.audit.services import record
from portal.errors import NotAllowed, WrongState
from portal.identity.models import User
from reimage import audit_actions, selectors, wording
from reimage.domain import policy, request_states
from reimage.domain.errors import RuleViolation
from reimage.domain.request_states import RequestState
from reimage.models import (
    ApprovalDecision,
    DecisionOutcome,
    GrantRole,
    NoticeKind,
    ReimageRequest,
)
from reimage.services import awaited_passwords, notification, withdrawal
from reimage.services.errors import no_such_request
from reimage.services.one_by_one import one_by_one
from reimage.services.requester_rights import lost_right

EXECUTION_PERIOD = timedelta(hours=72)


def decision_obstacles(approver: User, reimage_request: ReimageRequest) -> tuple[RuleViolation, ...]:
    """Why this person may not decide this request; empty if they may (its state apart)."""
    return policy.decision_obstacles(
        approver_identity=selectors.principal_key_of(approver),
        requester_identity=selectors.principal_key_of(reimage_request.requester),
        approver_grants=selectors.policy_grants(selectors.grants_of(approver, GrantRole.APPROVER)),
        targets=selectors.targets_of(reimage_request),
    )


def approve_reimage_request(
    *, approver: User, reimage_request_id: int, digest: str, comment: str, now: datetime
) -> ReimageRequest:
    """Approves the plan of this digest, then rings for execution.

    Raises NotFound, NotAllowed (own request, or a machine beyond one's grants) or WrongState (decided, expired,
    canceled, or another plan than the one that was shown).
    """
    with transaction.atomic():
        found = _lock(approver, reimage_request_id)
        _check_may_decide(approver, found, now)
        if digest != found.digest:
            raise WrongState(
                _("The plan of request #%(id)s is not the one on your page.") % {"id": found.pk},
                _("Reload the page, read the plan, then decide."),
            )
        if obstacle := approval_obstacle(found):
            raise obstacle
        _decide(found, approver, DecisionOutcome.APPROVED, comment, now)
        _move(found, RequestState.APPROVED, expires_at=now + EXECUTION_PERIOD)
        _record(audit_actions.REQUEST_APPROVED, Actor.person(approver), found, comment=comment)
        awaited_passwords.release_operations(found, now=now)
    return found


def reject_reimage_request(*, approver: User, reimage_request_id: int, comment: str, now: datetime) -> ReimageRequest:
    """Rejects with a reason. Raises as approve_reimage_request does."""
    with transaction.atomic():
        found = _lock(approver, reimage_request_id)
        _check_may_decide(approver, found, now)
        _decide(found, approver, DecisionOutcome.REJECTED, comment, now)
        _move(found, RequestState.REJECTED, finished_at=now)
        withdrawal.release_machines(found, now=now)
        _record(audit_actions.REQUEST_REJECTED, Actor.person(approver), found, comment=comment)
        notification.announce(found, NoticeKind.REJECTED, now=now)
    return found


def cancel_reimage_request(*, requester: User, reimage_request_id: int, now: datetime) -> ReimageRequest:
    """Withdraws one's own request; once it is executing, the machines that were not sent. The others run on.

    Raises NotFound, NotAllowed or WrongState (it has ended, or every machine was sent).
    """
    with transaction.atomic():
        found = _lock(requester, reimage_request_id)
        if found.requester_id != requester.pk:
            raise NotAllowed(
                _("Only the person who asked for request #%(id)s can cancel it.") % {"id": found.pk},
                _("If it should not run, reject it, or ask %(name)s.") % {"name": found.requester},
            )
        if found.state == RequestState.EXECUTING and withdrawal.call_off_unsent(
            found, Actor.person(requester), now=now
        ):
            found.refresh_from_db()
            return found
        if found.state not in request_states.CANCELABLE:
            raise WrongState(wording.settled_text(found.pk, found.state, None), _remedy())
        _move(found, RequestState.CANCELED, finished_at=now)
        withdrawal.release_machines(found, now=now)
        _record(audit_actions.REQUEST_CANCELED, Actor.person(requester), found)
        notification.announce(found, NoticeKind.CANCELED, now=now)
    return found


def expire_reimage_requests(*, now: datetime) -> int:
    """Ends every request whose deadline passed undecided. Returns how many."""
    overdue = ReimageRequest.objects.filter(state=RequestState.PENDING_APPROVAL, expires_at__lte=now)
    return one_by_one(partial(_expire, now=now), overdue.values_list("pk", flat=True))


def _expire(pk: int, *, now: datetime) -> bool:
    with transaction.atomic():
        # Whom somebody holds right now is being decided, or comes in the next round; the others do not wait for it.
        found = ReimageRequest.objects.select_for_update(skip_locked=True).filter(pk=pk).first()
        if found is None or found.state != RequestState.PENDING_APPROVAL:
            return False
        _move(found, RequestState.EXPIRED, finished_at=now)
        withdrawal.release_machines(found, now=now)
        _record(audit_actions.REQUEST_EXPIRED, Actor.system("expiry"), found)
        notification.announce(found, NoticeKind.EXPIRED, now=now)
    return True


def _lock(person: User, reimage_request_id: int) -> ReimageRequest:
    visible = selectors.reimage_requests_visible_to(person).exclude(state=RequestState.DRAFT)
    if not visible.filter(pk=reimage_request_id).exists():
        raise no_such_request(reimage_request_id)
    rows = ReimageRequest.objects.select_for_update(of=("self",)).select_related("requester")
    return rows.get(pk=reimage_request_id)


def _check_may_decide(approver: User, found: ReimageRequest, now: datetime) -> None:
    obstacles = decision_obstacles(approver, found)
    if obstacles:
        raise NotAllowed(" ".join(wording.violation_text(obstacle) for obstacle in obstacles))
    if found.state != RequestState.PENDING_APPROVAL:
        raise settled(found)
    if found.expires_at <= now:
        raise WrongState(_("Request #%(id)s expired before anybody decided.") % {"id": found.pk}, _remedy())


def approval_obstacle(found: ReimageRequest) -> NotAllowed | None:
    """The requester lost the right since: an approval could only stop before its POST, so it is refused at once."""
    remedy = _("Reject the request, or ask an administrator to renew the grant.")
    return lost_right(found.requester, found.operations.select_related("virtual_machine"), remedy=remedy)


def settled(found: ReimageRequest) -> WrongState:
    """The explanation that somebody, or time, was faster."""
    decided = found.state not in (RequestState.CANCELED, RequestState.EXPIRED)
    decisions = ApprovalDecision.objects.filter(reimage_request=found).select_related("approver")
    decision = decisions.first() if decided else None
    about = decision.approver if decision else None
    return WrongState(wording.settled_text(found.pk, found.state, decision), _remedy(), about=about)


def _remedy() -> str:
    return _("Nothing was changed by you. The request's page shows what happened.")


def _decide(found: ReimageRequest, approver: User, outcome: DecisionOutcome, comment: str, now: datetime) -> None:
    if outcome == DecisionOutcome.REJECTED and not comment.strip():
        raise NotAllowed(_("A rejection needs a reason."), _("Write for the requester what should be different."))
    try:
        with transaction.atomic():
            ApprovalDecision.objects.create(
                reimage_request=found,
                outcome=outcome,
                approver=approver,
                approver_tenant_id=approver.tenant_id,
                approver_object_id=approver.object_id,
                requester_tenant_id=found.requester.tenant_id,
                requester_object_id=found.requester.object_id,
                digest=found.digest,
                comment=comment.strip(),
                decided_at=now,
            )
    except IntegrityError as err:
        raise settled(found) from err


def _move(found: ReimageRequest, target: RequestState, **changes: datetime) -> None:
    """Compare-and-set: raises WrongState where the life cycle does not lead there any more."""
    rows = ReimageRequest.objects.filter(pk=found.pk, state__in=request_states.LIFE_CYCLE.sources(target))
    if not rows.update(state=target, **changes):
        raise settled(ReimageRequest.objects.get(pk=found.pk))
    found.refresh_from_db()


def _record(action: AuditAction, actor: Actor, found: ReimageRequest, *, comment: str = "") -> None:
    machines = _machines(found)
    detail: dict[str, object] = {"digest": found.digest, "virtual_machines": [machine.id for machine in machines]}
    if comment.strip():
        detail["comment"] = Personal(comment.strip())
    record(
        action=action,
        actor=actor,
        target=Target("reimage_request", str(found.pk), str(found)),
        related=machines,
        subject=found.audit_subject,
        detail=detail,
    )


def _machines(found: ReimageRequest) -> list[Target]:
    return [operation.audit_target for operation in found.operations.all()]
