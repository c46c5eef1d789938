"""What a request's page shows to one person: the request, what they may do, and why not."""

from datetime import datetime

from portal.audit.models import AuditEvent
from portal.identity.models import User
from reimage import execution_selectors, selectors, wording
from reimage.copied_settings import form_address
from reimage.decision_forms import CommentForm, RejectForm
from reimage.domain import request_states
from reimage.domain.operation_states import WORKER_STATES, OperationState
from reimage.domain.request_states import RequestState
from reimage.models import AlarmKind, ReimageOperation, ReimageRequest
from reimage.plan_view import PlanView, fates_of, plan_views
from reimage.services import decision, withdrawal

MOST_OPEN_PLANS = 3
NEVER_APPROVED = {RequestState.PENDING_APPROVAL, RequestState.REJECTED, RequestState.EXPIRED}


def version_of(shown: ReimageRequest) -> str:
    """Changes with whatever the live part of the page shows."""
    operations = [
        f"{operation.state}-{operation.fence}-{operation.attempt}-{operation.note_code}"
        for operation in shown.operations.all()
    ]
    return ".".join([shown.state, *operations])


def request_context(person: User, shown: ReimageRequest) -> dict[str, object]:
    """Everything of the page."""
    plans, is_pending = plan_views(shown), shown.state == RequestState.PENDING_APPROVAL
    return {
        "reimage_request": shown,
        "plans": plans,
        "fates": fates_of(shown.operations.all()),
        "plans_are_folded": len(plans) > MOST_OPEN_PLANS or (len(plans) > 1 and not is_pending),
        "typical_seconds": selectors.typical_reimage_seconds() if _is_running(plans) else None,
        "version": version_of(shown),
        "was_approved": shown.state not in NEVER_APPROVED,
        "is_ended": shown.state in request_states.TERMINAL,
        "timeline": AuditEvent.objects.filter(subject=shown.audit_subject)
        .with_texts()
        .defer("body")
        .order_by("sequence"),
        "password_until": _password_until(plans),
        "unsettled": [view for view in plans if view.operation.state == OperationState.NEEDS_ATTENTION],
        "may_settle": person.is_administrator,
        **_decision_context(person, shown),
        **_own_context(person, shown),
    }


def _decision_context(person: User, shown: ReimageRequest) -> dict[str, object]:
    pending = shown.state == RequestState.PENDING_APPROVAL
    obstacles = decision.decision_obstacles(person, shown) if pending else ()
    approvers = selectors.approvers_of(shown) if pending else None
    return {
        "decision": getattr(shown, "decision", None),
        "is_pending": pending,
        "may_decide": pending and not obstacles,
        "held": held_texts(shown) if pending and not obstacles else [],
        "approval_obstacle": decision.approval_obstacle(shown) if pending and not obstacles else None,
        "obstacles": [wording.violation_text(obstacle) for obstacle in obstacles],
        "approvers": approvers,
        "administrators": [] if approvers or not pending else selectors.administrators(),
        "approve_form": CommentForm(auto_id="approve_%s"),
        "reject_form": RejectForm(auto_id="reject_%s"),
    }


def held_texts(shown: ReimageRequest) -> list[str]:
    """What would keep this request waiting after its approval, as things stand."""
    return [str(wording.HELD[kind]) for kind in _holding_up(shown)]


def is_held_up(shown: ReimageRequest) -> bool:
    """Whether all of it waits for an administrator: a key that the worker lacks holds up what is sealed alone."""
    return bool(set(_holding_up(shown)) - {AlarmKind.SEALING_KEY_MISSING})


def _holding_up(shown: ReimageRequest) -> list[str]:
    operations = shown.operations.select_related("virtual_machine")
    return execution_selectors.holding_up({operation.virtual_machine.subscription_id for operation in operations})


def _own_context(person: User, shown: ReimageRequest) -> dict[str, object]:
    is_own = shown.requester_id == person.pk
    return {
        "is_own": is_own,
        "passwords_to_see": selectors.passwords_to_see(person).filter(reimage_request=shown) if is_own else [],
        "may_cancel": is_own and withdrawal.is_cancelable(shown),
        "may_call_off": withdrawal.unsent_operations(shown) if is_own else [],
        "again_url": _again_url(shown) if is_own and shown.state in request_states.TERMINAL else "",
        "again_is_for_some": shown.state == RequestState.COMPLETED_WITH_PROBLEMS,
    }


def _again_url(shown: ReimageRequest) -> str:
    """A new request like this one: for what did not succeed, or for all if everything did."""
    operations = list(shown.operations.all())
    chosen = [operation for operation in operations if _is_unfinished_business(operation)] or operations
    return form_address(shown, chosen)


def _is_unfinished_business(operation: ReimageOperation) -> bool:
    return operation.state != OperationState.SUCCEEDED or bool(operation.findings)


def _password_until(plans: list[PlanView]) -> datetime | None:
    """When the first machine stops waiting for its requester's password; None where none waits."""
    awaited = [view.operation for view in plans if view.operation.state == OperationState.AWAITING_PASSWORD]
    return min((operation.next_at for operation in awaited if operation.next_at), default=None)


def _is_running(plans: list[PlanView]) -> bool:
    return any(view.operation.state in WORKER_STATES for view in plans)
