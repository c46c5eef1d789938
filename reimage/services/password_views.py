"""A generated password is seen once, by its requester. Asking twice after that is an alarm.

The worker opens it and seals it anew for the key of the browser that asked; this process never has the private ring.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TypeVar

import structlog
from django.conf import settings
from django.db import transaction
from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.utils.translation import gettext as _

from portal.audit.actors import Actor
from portal.audit.catalogue import AuditAction
from portal.audit.services import record
from portal.errors import NotFound, WrongState
from portal.identity.models import User
from reimage import audit_actions
from reimage.domain.operation_states import TERMINAL
from reimage.domain.passwords import PasswordMode
from reimage.models import NoticeKind, PasswordView, ReimageOperation, ReimageRequest, SealedSecret, SecretField
from reimage.services import doorbell, notification, view_keys
from reimage.services.awaited_passwords import require_own
from reimage.services.errors import plan_of
from reimage.services.secrets import SealingError, destroy_secrets

Page = TypeVar("Page")
log = structlog.get_logger(__name__)


class ViewState(StrEnum):
    """How a generated password stands."""

    NOT_YET = "not_yet"
    READY = "ready"
    SEEN = "seen"
    GONE = "gone"


@dataclass(frozen=True, slots=True)
class Shown:
    """The password, this once."""

    password: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Asked:
    """The worker was asked; the browser keeps this key and comes again with it."""

    private_key: bytes = field(repr=False)


def require_view(person: User, reimage_request_id: int, operation_id: int) -> ReimageOperation:
    """One's own machine whose password is generated. Raises NotFound, or NotAllowed for those who may only read it."""
    own = require_own(person, reimage_request_id)
    found = own.operations.filter(pk=operation_id).select_related("reimage_request__requester").first()
    if found is None or plan_of(found).promised_password is not PasswordMode.GENERATED:
        raise NotFound(
            _("No password is generated for machine %(operation)s of request #%(id)s.")
            % {"operation": operation_id, "id": own.pk}
        )
    return found


def view_state(operation: ReimageOperation, now: datetime) -> ViewState:
    """Read anew: what another browser just did counts."""
    if PasswordView.objects.filter(operation=operation, seen_at__isnull=False).exists():
        return ViewState.SEEN
    if operation.state not in TERMINAL:
        return ViewState.NOT_YET
    kept = SealedSecret.objects.filter(operation=operation, field=SecretField.GENERATED).exists()
    return ViewState.READY if kept and now < seen_until(operation) else ViewState.GONE


def seen_until(operation: ReimageOperation) -> datetime:
    """Until when an ended operation's password waits to be seen."""
    assert operation.finished_at is not None  # noqa: S101  # of an operation that ended
    return operation.finished_at + timedelta(hours=settings.PASSWORD_HOURS)


def seen_at(operation: ReimageOperation) -> datetime | None:
    """When the password was shown; None if it never was."""
    return PasswordView.objects.filter(operation=operation).values_list("seen_at", flat=True).first()


def is_prepared(operation: ReimageOperation, private_key: bytes | None) -> bool | None:
    """Whether the worker has answered this browser; None where it was not asked by this one."""
    view = PasswordView.objects.filter(operation=operation, seen_at__isnull=True).first()
    if view is None or not _fits(view, private_key):
        return None
    return view.ciphertext is not None


def show_password(
    *,
    requester: User,
    reimage_request_id: int,
    operation_id: int,
    private_key: bytes | None,
    hand_over: Callable[[Shown], Page],
    now: datetime,
) -> Page | Asked:
    """Asks the worker for this browser; where it has answered, spends the one look, and returns what shows it.

    `hand_over` makes that within the transaction: a page that cannot be made spends nothing.

    Raises NotFound, NotAllowed or WrongState: no reimage yet, expired, damaged (then the worker has to be asked anew),
    or seen before, which is also an alarm.
    """
    operation = require_view(requester, reimage_request_id, operation_id)
    with transaction.atomic():
        # The request's row first, as everywhere: of two that press at once, one sees it and the other is the alarm.
        ReimageRequest.objects.select_for_update().get(pk=reimage_request_id)
        operation.refresh_from_db(fields=["state", "finished_at"])
        state = view_state(operation, now)
        if state is ViewState.READY:
            if answer := _look(operation, private_key, now):
                return hand_over(answer) if isinstance(answer, Shown) else answer
        elif state is ViewState.SEEN:
            _raise_alarm(operation, now)
    raise _refusal(operation, state)


def _look(operation: ReimageOperation, private_key: bytes | None, now: datetime) -> Shown | Asked | None:
    """None where what the row holds is not what the worker sealed; then the row is gone, and nothing is spent."""
    view = PasswordView.objects.filter(operation=operation).first()
    if view is None or private_key is None or not _fits(view, private_key):
        return _ask(operation, now)
    if view.ciphertext is None:
        return Asked(private_key)
    try:
        password = view_keys.open_view(bytes(view.ciphertext), private_key, operation)
    except SealingError as err:
        log.warning("password_view.damaged", operation=operation.pk, reason=str(err))
        view.delete()
        return None
    PasswordView.objects.filter(pk=view.pk).update(seen_at=now, ciphertext=None, public_key=b"")
    destroy_secrets(operation.pk, fields=[SecretField.GENERATED])
    record_view(audit_actions.PASSWORD_SEEN, operation, Actor.person(operation.reimage_request.requester))
    return Shown(password)


def _ask(operation: ReimageOperation, now: datetime) -> Asked:
    private_key = view_keys.new_private_key()
    public_key = view_keys.public_half(private_key)
    asked = {"public_key": public_key, "ciphertext": None, "asked_at": now}
    PasswordView.objects.update_or_create(operation=operation, defaults=asked)
    requester = Actor.person(operation.reimage_request.requester)
    record_view(
        audit_actions.PASSWORD_ASKED, operation, requester, view_key_sha256=view_keys.view_key_sha256(public_key)
    )
    doorbell.ring_for_views_after_commit()
    return Asked(private_key)


def _fits(view: PasswordView, private_key: bytes | None) -> bool:
    try:
        return private_key is not None and view_keys.public_half(private_key) == bytes(view.public_key)
    except SealingError:
        return False


def _raise_alarm(operation: ReimageOperation, now: datetime) -> None:
    """Whoever asks again may be the one who was not meant to see it, or the one whom somebody forestalled."""
    record_view(audit_actions.PASSWORD_ASKED_AGAIN, operation, Actor.person(operation.reimage_request.requester))
    notification.announce_hourly(operation, NoticeKind.PASSWORD_AGAIN, now=now)


def _refusal(operation: ReimageOperation, state: ViewState) -> WrongState:
    if state is ViewState.NOT_YET:
        return WrongState(_("There is no password to see yet: the reimage of %(vm)s has not ended.") % _of(operation))
    if state is ViewState.GONE:
        return WrongState(
            _("There is no password of %(vm)s to see: it was not seen in time, or no reimage set it.") % _of(operation),
            _("To get a password, reset it in Azure, or request the reimage again."),
        )
    if state is ViewState.READY:
        return WrongState(
            _("What was prepared of the password of %(vm)s is damaged and cannot be shown.") % _of(operation),
            _("The password still waits for you: prepare it anew. If this happens again, tell your administrator."),
        )
    when = date_format(localtime(seen_at(operation)), "Y-m-d H:i T")
    return WrongState(
        _("The password of %(vm)s was already shown, to %(name)s at %(time)s.") % {**_of(operation), "time": when},
        _("The administrators were told that it was asked for again. If it was not you, change it at once."),
    )


def _of(operation: ReimageOperation) -> dict[str, object]:
    return {"vm": operation.name, "name": operation.reimage_request.requester}


def record_view(action: AuditAction, operation: ReimageOperation, actor: Actor, **detail: str) -> None:
    """An event about a generated password, with the operation's request."""
    record(
        action=action,
        actor=actor,
        target=operation.audit_target,
        subject=operation.reimage_request.audit_subject,
        detail={"operation": operation.pk, **detail},
    )
