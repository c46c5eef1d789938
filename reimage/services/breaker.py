"""The blast-radius breaker: more reimages of one subscription within a while than anybody expects wait for a person.

Counted from committed intents, under a lock on the subscription's row, so that several workers count as one does.
"""

from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import F, QuerySet
from django.db.models.functions import Now
from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.utils.translation import gettext as _

from portal.audit.actors import Actor, Target
from portal.audit.services import record
from portal.errors import NotAllowed, NotFound, Problem, WrongState
from portal.identity.models import User
from portal.identity.roles import require_administrator
from reimage import audit_actions
from reimage.domain.operation_states import CANCELABLE
from reimage.models import ReimageBreaker, ReimageOperation
from reimage.services import notification
from reimage.services.clock import database_now
from reimage.services.hindrance import BreakerTripping, Hindered
from reimage.services.leases import Claim, due_in
from reimage.services.moves import wake
from reimage.services.pace import poll_seconds

BREAKER = Actor.system("breaker")
MOST_AT_ONCE = 500
ALLOWANCE = timedelta(hours=1)  # what an administrator let through and nobody used does not lie in wait for long


def refuse_while_tripped(subscription_id: str) -> None:
    """Raises Hindered. Without a lock, so that waiting costs Azure no call."""
    if settings.BREAKER_REIMAGES and _tripped(subscription_id).exists():
        raise _waiting()


def admit(held: Claim, subscription_id: str, *, spends: bool) -> None:
    """Within the intent's transaction: raises Hindered while tripped, BreakerTripping if this would be one too many.

    `spends`: beyond the limit this uses one of those that an administrator let through.
    """
    if not settings.BREAKER_REIMAGES:
        return
    breaker, _created = ReimageBreaker.objects.select_for_update().get_or_create(subscription_id=subscription_id)
    if breaker.tripped_at:
        raise _waiting()
    if _recent(held.operation, subscription_id) < settings.BREAKER_REIMAGES:
        return
    if not breaker.allowance or breaker.allowance_until is None or breaker.allowance_until <= held.now:
        waiting = _waiting()
        raise BreakerTripping(waiting.note, waiting.seconds, subscription_id)
    if spends:
        ReimageBreaker.objects.filter(pk=breaker.pk).update(allowance=F("allowance") - 1)


def trip(subscription_id: str) -> None:
    """Holds the subscription until a person decides, and tells the administrators; once, whoever comes second."""
    with transaction.atomic():
        ReimageBreaker.objects.get_or_create(subscription_id=subscription_id)  # what admit made was rolled back with it
        standing = ReimageBreaker.objects.filter(subscription_id=subscription_id, tripped_at__isnull=True)
        if not standing.update(tripped_at=Now(), allowance=0, allowance_until=None):
            return
        record(
            action=audit_actions.BREAKER_TRIPPED,
            actor=BREAKER,
            target=_target(subscription_id),
            detail={"reimages": settings.BREAKER_REIMAGES, "minutes": settings.BREAKER_MINUTES},
        )
        params = {"subscription_id": subscription_id, **limit()}
        notification.announce_alarm("breaker_tripped", params, now=database_now())


def release_breaker(*, administrator: User, subscription_id: str, reimages: int) -> ReimageBreaker:
    """An administrator lets the next ones through. Raises NotAllowed, NotFound or WrongState (released already)."""
    require_administrator(administrator)
    if not 1 <= reimages <= MOST_AT_ONCE:
        raise NotAllowed(_("Let at least 1 and at most %(most)s reimages through.") % {"most": MOST_AT_ONCE})
    with transaction.atomic():
        if not _tripped(subscription_id).update(
            tripped_at=None,
            allowance=reimages,
            allowance_until=due_in(ALLOWANCE.total_seconds()),
            released_by=administrator.display_name,
            released_at=Now(),
        ):
            raise not_tripped(subscription_id)
        record(
            action=audit_actions.BREAKER_RELEASED,
            actor=Actor.person(administrator),
            target=_target(subscription_id),
            detail={"reimages": reimages},
        )
        wake("breaker_tripped", resource_key__startswith=_prefix(subscription_id))
    return ReimageBreaker.objects.get(subscription_id=subscription_id)


def limit() -> dict[str, object]:
    """The most reimages of one subscription, and over how many minutes; 0 reimages for no limit."""
    return {"reimages": settings.BREAKER_REIMAGES, "minutes": settings.BREAKER_MINUTES}


def _recent(operation: ReimageOperation, subscription_id: str) -> int:
    """The others' reimages of late. What Azure refused and is queued again was not executed, and is not one."""
    since = Now() - timedelta(minutes=settings.BREAKER_MINUTES)
    recent = ReimageOperation.objects.filter(submitted_at__gte=since, resource_key__startswith=_prefix(subscription_id))
    return recent.exclude(state__in=CANCELABLE).exclude(pk=operation.pk).count()


def _tripped(subscription_id: str) -> QuerySet[ReimageBreaker]:
    return ReimageBreaker.objects.filter(subscription_id=subscription_id, tripped_at__isnull=False)


def _waiting() -> Hindered:
    return Hindered({"code": "breaker_tripped", "params": limit()}, poll_seconds())


def not_tripped(subscription_id: str) -> Problem:
    """The explanation that there is nothing to release, or that somebody was faster."""
    breaker = ReimageBreaker.objects.filter(subscription_id=subscription_id).first()
    if breaker is None or breaker.released_at is None:
        return NotFound(_("No reimages of this subscription are held back."))
    when = date_format(localtime(breaker.released_at), "Y-m-d H:i T")
    return WrongState(
        _("%(name)s already let reimages of this subscription through, at %(time)s.")
        % {"name": breaker.released_by, "time": when}
    )


def _prefix(subscription_id: str) -> str:
    return f"/subscriptions/{subscription_id}/"


def _target(subscription_id: str) -> Target:
    return Target("subscription", subscription_id, subscription_id)
