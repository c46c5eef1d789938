"""Tells people by mail, in their language, with links only. The notice is a row; sending is retried until it works."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from smtplib import SMTPException

import structlog
from django.conf import settings
from django.core.mail import EmailMultiAlternatives, get_connection
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import translation

from portal.identity.models import User
from reimage import selectors
from reimage.models import Notice, NoticeKind, ReimageRequest

RETRY = timedelta(minutes=1)
MAX_ATTEMPTS = 60
log = structlog.get_logger(__name__)


def announce(reimage_request: ReimageRequest, kind: NoticeKind, *, now: datetime) -> None:
    """Puts a notice into the outbox, in the caller's transaction."""
    Notice.objects.create(reimage_request=reimage_request, kind=kind, next_at=now)


def send_due_notices(*, now: datetime, limit: int = 50) -> int:
    """Sends what is due; what the mail server refuses is tried again a minute later. Returns how many were sent."""
    sent = 0
    due = Notice.objects.filter(next_at__lte=now).select_related("reimage_request__requester")
    for notice in due.order_by("next_at")[:limit]:
        if not _take(notice, now):
            continue
        try:
            _send(notice)
        except (SMTPException, OSError) as err:
            log.warning("notice.not_sent", notice=notice.pk, error=type(err).__name__)
            continue
        Notice.objects.filter(pk=notice.pk).update(sent_at=now, next_at=None)
        sent += 1
    return sent


def recipients(notice: Notice) -> Sequence[User]:
    """Approvers on submission and withdrawal, administrators on trouble, the requester for the rest."""
    reimage_request = notice.reimage_request
    match notice.kind:
        case NoticeKind.SUBMITTED | NoticeKind.CANCELED:
            return [person for person in selectors.approvers_of(reimage_request) if person.email]
        case NoticeKind.NEEDS_ATTENTION:
            return [person for person in User.objects.exclude(email="") if person.is_administrator]
        case _:
            return [reimage_request.requester] if reimage_request.requester.email else []


def _take(notice: Notice, now: datetime) -> bool:
    """One sender at a time, and an end to trying."""
    attempts = notice.attempts + 1
    next_at = now + RETRY if attempts < MAX_ATTEMPTS else None
    mine = Notice.objects.filter(pk=notice.pk, attempts=notice.attempts, sent_at__isnull=True)
    return bool(mine.update(attempts=attempts, next_at=next_at))


def _send(notice: Notice) -> None:
    messages = [_message(notice, person) for person in recipients(notice)]
    if messages:
        get_connection().send_messages(messages)


def _message(notice: Notice, person: User) -> EmailMultiAlternatives:
    reimage_request = notice.reimage_request
    path = reverse("reimage:request", args=[reimage_request.pk])
    context = {
        "reimage_request": reimage_request,
        "operations": reimage_request.operations.all(),
        "decision": getattr(reimage_request, "decision", None),
        "person": person,
        "url": f"{settings.PUBLIC_URL}{path}",
    }
    with translation.override(person.language or reimage_request.language):
        subject = render_to_string(f"mail/{notice.kind}_subject.txt", context)
        text = render_to_string(f"mail/{notice.kind}.txt", context)
        html = render_to_string(f"mail/{notice.kind}.html", context)
    message = EmailMultiAlternatives(" ".join(subject.split()), text, to=[person.email])
    message.attach_alternative(html, "text/html")
    return message
