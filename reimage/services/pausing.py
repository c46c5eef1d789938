"""The kill switch: while execution is paused, no change and no reimage is sent. What Azure has begun is followed on.

An intent reads the switch under a shared lock, and pausing needs that row alone: an intent is either committed before
the pause is, or sees it. SQLite lets one transaction write at a time, so there it holds without a lock.
"""

from django.db import connection, transaction
from django.db.models.functions import Now
from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.utils.translation import gettext as _

from portal.audit.actors import Actor, Target
from portal.audit.catalogue import AuditAction
from portal.audit.personal import Personal
from portal.audit.services import record
from portal.errors import NotAllowed, WrongState
from portal.identity.models import User
from reimage import audit_actions
from reimage.models import ExecutionPause
from reimage.services.grants import require_administrator
from reimage.services.hindrance import Hindered
from reimage.services.moves import wake
from reimage.services.pace import poll_seconds

ONE = ExecutionPause.SINGLETON


def pause_execution(*, administrator: User, reason: str) -> ExecutionPause:
    """Pauses on an administrator's word. Raises NotAllowed (role, or no reason) or WrongState (paused already)."""
    require_administrator(administrator)
    return pause(actor=Actor.person(administrator), reason=reason)


def resume_execution(*, administrator: User) -> ExecutionPause:
    """Lets execution go on. Raises NotAllowed or WrongState (not paused)."""
    require_administrator(administrator)
    return resume(actor=Actor.person(administrator))


def pause(*, actor: Actor, reason: str) -> ExecutionPause:
    """Pauses. The caller checked that the actor may."""
    if not reason.strip():
        raise NotAllowed(_("Say why execution is paused; everybody reads it on every page."))
    with transaction.atomic():
        ExecutionPause.objects.get_or_create(pk=ONE)
        running = ExecutionPause.objects.filter(pk=ONE, paused_at__isnull=True)
        changes = {"paused_at": Now(), "changed_at": Now(), "changed_by": actor.name, "reason": reason.strip()}
        if not running.update(**changes):
            raise already_paused()
        _record(audit_actions.EXECUTION_PAUSED, actor, reason.strip())
    return ExecutionPause.objects.get(pk=ONE)


def resume(*, actor: Actor) -> ExecutionPause:
    """Lets execution go on, at once for what waits. The caller checked that the actor may."""
    with transaction.atomic():
        paused = ExecutionPause.objects.filter(pk=ONE, paused_at__isnull=False)
        before = paused.first()
        if before is None or not paused.update(paused_at=None, changed_at=Now(), changed_by=actor.name, reason=""):
            raise WrongState(_switched(_("Execution is not paused: %(name)s resumed it at %(time)s.")))
        _record(audit_actions.EXECUTION_RESUMED, actor, before.reason)
        wake("paused")
    return ExecutionPause.objects.get(pk=ONE)


def already_paused() -> WrongState:
    """The explanation that somebody was faster."""
    return WrongState(_switched(_("Execution is already paused: %(name)s paused it at %(time)s.")))


def standing() -> ExecutionPause:
    """How the switch stands, without a lock."""
    return ExecutionPause.objects.filter(pk=ONE).first() or ExecutionPause(pk=ONE)


def refuse_while_paused(*, locked: bool) -> None:
    """Raises Hindered. `locked`, within the intent's transaction: no pause slips in before its commit."""
    switch = _locked() if locked else standing()
    if switch.paused_at:
        raise Hindered({"code": "paused", "params": {}}, poll_seconds())


def _locked() -> ExecutionPause:
    ExecutionPause.objects.get_or_create(pk=ONE)
    if not connection.features.has_select_for_update:
        return ExecutionPause.objects.get(pk=ONE)
    # Shared, unlike Django's select_for_update: intents do not wait for each other.
    (switch,) = ExecutionPause.objects.raw("SELECT * FROM reimage_executionpause WHERE id = 1 FOR SHARE")
    return switch


def _switched(text: str) -> str:
    """Who switched last, and when; for a switch that was never touched, that it runs."""
    switch = standing()
    if switch.changed_at is None:
        return _("Execution is not paused.")
    return text % {"name": switch.changed_by, "time": date_format(localtime(switch.changed_at), "Y-m-d H:i T")}


def _record(action: AuditAction, actor: Actor, reason: str) -> None:
    record(
        action=action, actor=actor, target=Target("execution", "all", "Execution"), detail={"reason": Personal(reason)}
    )
