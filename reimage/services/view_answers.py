"""The worker's part in showing a generated password: opens it for the browser that asked, or destroys it unseen."""

from collections import Counter
from datetime import datetime, timedelta
from functools import partial

import structlog
from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet

from portal.audit.actors import Actor
from reimage import audit_actions
from reimage.models import PasswordView, ReimageOperation, ReimageRequest, SecretField
from reimage.services import view_keys
from reimage.services.one_by_one import one_by_one
from reimage.services.password_views import ViewState, record_view, view_state
from reimage.services.requester_deeds import details_by_requester
from reimage.services.sealing_keys import SealingKeyMissing, private_key
from reimage.services.secrets import SealingError, destroy_secrets, open_secret

KEPT = SecretField.GENERATED
log = structlog.get_logger(__name__)


def answer_views(*, now: datetime) -> int:
    """Seals each password that was asked for anew, for its browser. Returns how many."""
    return one_by_one(partial(_answer, now=now), _asked().values_list("pk", flat=True))


def views_without_key() -> int:
    """How many people wait to see a password whose key this worker lacks."""
    waiting = Counter(_asked().values_list("operation__sealed_secrets__key_id", flat=True))
    return sum(number for key_id, number in waiting.items() if not _is_here(key_id))


def expire_unseen_passwords(*, now: datetime) -> int:
    """Destroys what nobody came to see in time. Returns how many."""
    ended_before = now - timedelta(hours=settings.PASSWORD_HOURS)
    kept = ReimageOperation.objects.filter(sealed_secrets__field=KEPT, finished_at__lte=ended_before)
    return one_by_one(_expire, kept.values_list("pk", flat=True))


def _is_here(key_id: str) -> bool:
    try:
        private_key(key_id)
    except SealingKeyMissing:
        return False
    return True


def _asked() -> QuerySet[PasswordView]:
    return PasswordView.objects.filter(ciphertext__isnull=True, operation__sealed_secrets__field=KEPT)


def _answer(pk: int, *, now: datetime) -> bool:
    with transaction.atomic():
        operation = _locked(PasswordView.objects.get(pk=pk).operation_id)
        if operation is None:
            return False
        view = PasswordView.objects.get(pk=pk)
        if view.ciphertext is not None or view_state(operation, now) is not ViewState.READY:
            return False
        if not _was_asked_by_its_requester(view, operation):
            log.error("password_view.nobody_asked", operation=operation.pk)
            view.delete()  # told once; whoever may see the password asks anew
            return False
        try:
            password = open_secret(operation, KEPT, commitment=None)
        except SealingError as err:
            log.warning("password_view.not_opened", operation=operation.pk, reason=str(err))
            return False
        if password is None:
            return False
        view.ciphertext = view_keys.seal_for_view(password, bytes(view.public_key), operation)
        view.save(update_fields=["ciphertext"])
        record_view(audit_actions.PASSWORD_OPENED, operation, Actor.system("worker"))
    return True


def _was_asked_by_its_requester(view: PasswordView, operation: ReimageOperation) -> bool:
    """By the log, for this very key: a row alone opens nothing. Events of old name no key, damaged ones nothing."""
    asked = details_by_requester(operation, audit_actions.PASSWORD_ASKED)
    key = view_keys.view_key_sha256(bytes(view.public_key))
    return any(detail.get("view_key_sha256") == key for detail in asked if detail is not None)


def _expire(pk: int) -> bool:
    with transaction.atomic():
        operation = _locked(pk)
        if operation is None or not operation.sealed_secrets.filter(field=KEPT).exists():
            return False
        destroy_secrets(pk, fields=[KEPT])
        PasswordView.objects.filter(operation=operation).update(ciphertext=None)
        record_view(audit_actions.PASSWORD_NOT_SEEN, operation, Actor.system("expiry"))
    return True


def _locked(operation_id: int) -> ReimageOperation | None:
    """The operation as it is, while its request's row is held: nobody sees or asks meanwhile.

    None where somebody else holds it right now: it comes in the next round, and the others do not wait for it.
    """
    request_ids = ReimageOperation.objects.filter(pk=operation_id).values("reimage_request")
    if not ReimageRequest.objects.select_for_update(skip_locked=True).filter(pk__in=request_ids).first():
        return None
    return ReimageOperation.objects.select_related("reimage_request__requester").get(pk=operation_id)
