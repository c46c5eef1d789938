"""Tells people by mail, in their language and time zone, with links only.

The notice is a row; sending is retried until it works.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from smtplib import SMTPException

import structlog
from django.conf import settings
from django.core.mail import EmailMultiAlternatives, get_connection
from django.core.mail.backends.base import BaseEmailBackend
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone, translation

from portal.identity.models import User
from reimage import selectors, wording
from reimage.models import Notice, NoticeKind, ReimageOperation, ReimageRequest

RETRY = timedelta(minutes=1)
MAX_ATTEMPTS = 60
HOUR = timedelta(hours=1)
TOLD = timedelta(
    days=7
)  # what was given up is counted as pending for so long: the figures tell of it, nothing else does
log = structlog.get_logger(__name__)


def announce(reimage_request: ReimageRequest, kind: NoticeKind, *, now: datetime) -> None:
    """Puts a notice into the outbox, in the caller's transaction."""
    Notice.objects.create(reimage_request=reimage_request, kind=kind, next_at=now)


def announce_hourly(operation: ReimageOperation, kind: NoticeKind, *, now: datetime) -> None:
    """Once an hour for each operation: whoever repeats a deed fills no mailbox. Its events tell each time."""
    about = {"operation": operation.pk}
    # Of a time further ahead is what was before a clock was set back: rather one too many.
    told = operation.reimage_request.notices.filter(kind=kind, detail=about)
    if not told.filter(created_at__range=(now - HOUR, now + HOUR)).exists():
        Notice.objects.create(reimage_request=operation.reimage_request, kind=kind, detail=about, next_at=now)


def announce_alarm(alarm: str, params: Mapping[str, object], *, now: datetime) -> None:
    """Puts a notice for the administrators into the outbox, in the caller's transaction."""
    Notice.objects.create(kind=NoticeKind.EXECUTION_ALARM, detail={"code": alarm, "params": dict(params)}, next_at=now)


def send_due_notices(*, now: datetime, limit: int = 50) -> int:
    """Sends what is due; what the mail server refuses is tried again a minute later. Returns how many were sent.

    A mail server that is away costs no notice an attempt.
    """
    due = list(Notice.objects.filter(next_at__lte=now).select_related("reimage_request__requester")[:limit])
    if not due:
        return 0
    connection = get_connection()
    try:
        connection.open()
    except (SMTPException, OSError) as err:
        log.warning("notices.no_mail_server", waiting=len(due), error=type(err).__name__)
        return 0
    try:
        return sum(_take(notice, now) and _deliver(notice, connection, now) for notice in due)
    finally:
        connection.close()


def recipients(notice: Notice) -> Sequence[User]:
    """Approvers on submission and withdrawal, administrators on trouble, the requester for the rest."""
    reimage_request = notice.reimage_request
    if reimage_request is None or _is_for_administrators(notice):
        return [person for person in User.objects.exclude(email="") if person.is_administrator]
    match notice.kind:
        case NoticeKind.SUBMITTED | NoticeKind.CANCELED:
            return [person for person in selectors.approvers_of(reimage_request).people if person.email]
        case _:
            return [reimage_request.requester] if reimage_request.requester.email else []


def _is_for_administrators(notice: Notice) -> bool:
    return notice.reimage_request is None or notice.kind in (NoticeKind.NEEDS_ATTENTION, NoticeKind.PASSWORD_AGAIN)


def _take(notice: Notice, now: datetime) -> bool:
    """One sender at a time, and an end to trying."""
    mine = Notice.objects.filter(pk=notice.pk, attempts=notice.attempts, sent_at__isnull=True)
    if notice.attempts >= MAX_ATTEMPTS:
        mine.update(next_at=None)
        return False
    attempts = notice.attempts + 1
    next_at = now + (RETRY if attempts < MAX_ATTEMPTS else TOLD)
    return bool(mine.update(attempts=attempts, next_at=next_at))


def _deliver(notice: Notice, connection: BaseEmailBackend, now: datetime) -> bool:
    """Each person once: whom the server refused is tried again, alone."""
    people, complete = recipients(notice), True
    if not people and _is_for_administrators(notice):  # none signed in so far, or none has an address
        log.warning("notice.nobody_to_tell", notice=notice.pk, kind=notice.kind)
        complete = False
    for person in people:
        if person.pk in notice.delivered_to:
            continue
        try:
            connection.send_messages([_message(notice, person)])
        except Exception as err:  # the server's, the address's or the template's: none may keep back the others
            log.warning("notice.not_sent", notice=notice.pk, person=person.pk, error=type(err).__name__)
            complete = False
        else:
            notice.delivered_to = [*notice.delivered_to, person.pk]
            Notice.objects.filter(pk=notice.pk).update(delivered_to=notice.delivered_to)
    if complete:
        Notice.objects.filter(pk=notice.pk).update(sent_at=now, next_at=None)
    elif notice.attempts + 1 >= MAX_ATTEMPTS:
        log.error("notice.given_up", notice=notice.pk, kind=notice.kind)
    return complete


def _message(notice: Notice, person: User) -> EmailMultiAlternatives:
    reimage_request = notice.reimage_request
    language = person.language or (reimage_request.language if reimage_request else settings.LANGUAGE_CODE)
    with translation.override(language), timezone.override(person.time_zone or None):
        about = _about_request(reimage_request) if reimage_request else _about_alarm(notice)
        context = {"person": person, **about}
        subject = render_to_string(f"mail/{notice.kind}_subject.txt", context)
        text = render_to_string(f"mail/{notice.kind}.txt", context)
        html = render_to_string(f"mail/{notice.kind}.html", context)
    message = EmailMultiAlternatives(" ".join(subject.split()), text, to=[person.email])
    message.attach_alternative(html, "text/html")
    return message


def _about_request(reimage_request: ReimageRequest) -> dict[str, object]:
    path = reverse("reimage:request", args=[reimage_request.pk])
    own = selectors.passwords_to_see(reimage_request.requester)
    return {
        "reimage_request": reimage_request,
        "operations": reimage_request.operations.all(),
        "decision": getattr(reimage_request, "decision", None),
        "has_passwords": own.filter(reimage_request=reimage_request).exists(),
        "url": f"{settings.PUBLIC_URL}{path}",
    }


def _about_alarm(notice: Notice) -> dict[str, object]:
    text = wording.alarm_text(notice.detail["code"], notice.detail["params"])
    return {"text": text, "url": f"{settings.PUBLIC_URL}{reverse('reimage:execution')}"}
