"""The outbox: who is told what, in which language, once, and again after trouble."""

from datetime import timedelta
from smtplib import SMTPRecipientsRefused, SMTPServerDisconnected
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.core import mail
from django.core.mail.backends.locmem import EmailBackend
from django.utils import timezone

from portal.identity.models import User
from reimage import figures
from reimage.domain.parameters import ReimageParameters
from reimage.models import Notice, NoticeKind
from reimage.services import decision, notification
from reimage.services.notification import RETRY, announce, announce_alarm, recipients, send_due_notices
from tests.cast import CAROL, DAN, EVE, make_user
from tests.sandbox_process import SandboxProcess
from tests.stories import advance_to, approved, request_reimage, run


def send(*, later: timedelta = timedelta(seconds=1)) -> int:
    return send_due_notices(now=timezone.now() + later)


def sent_to() -> list[str]:
    return [address for message in mail.outbox for address in message.to]


class Refusing(EmailBackend):
    """A mail server that refuses one address once, or is away."""

    refused = {"bob@example.com"}
    away = False

    def open(self) -> None:
        if type(self).away:
            raise SMTPServerDisconnected

    def send_messages(self, messages: Any) -> int:
        for message in messages:
            if message.to[0] in type(self).refused:
                type(self).refused = set()
                raise SMTPRecipientsRefused({message.to[0]: (550, b"no")})
        return super().send_messages(messages)


@pytest.fixture
def mail_server(settings: Any) -> type[Refusing]:
    settings.EMAIL_BACKEND = f"{__name__}.Refusing"
    Refusing.refused, Refusing.away = set(), False
    return Refusing


@pytest.fixture
def second_approver(db: None, bob: User) -> User:
    return make_user(EVE, group_ids=bob.group_ids)


def test_a_deadline_is_told_in_the_readers_time_zone(azure: SandboxProcess, alice: User, bob: User) -> None:
    User.objects.filter(pk=bob.pk).update(time_zone="Asia/Tokyo")
    deadline = timezone.localtime(request_reimage(alice, "web-01").expires_at, ZoneInfo("Asia/Tokyo"))
    send()
    assert f"{deadline:%Y-%m-%d %H:%M} JST" in str(mail.outbox[0].body)


def test_the_approvers_are_told_of_a_submission(
    azure: SandboxProcess, alice: User, bob: User, second_approver: User, carol: User, dan: User
) -> None:
    reimage_request = request_reimage(alice, "web-01")
    assert send() == 1
    assert sorted(sent_to()) == ["bob@example.com", "eve@example.com"]
    assert f"/requests/{reimage_request.pk}/" in str(mail.outbox[0].body)


def test_the_requester_is_not_asked_to_approve(azure: SandboxProcess, alice: User, bob: User) -> None:
    User.objects.filter(pk=alice.pk).update(group_ids=[*alice.group_ids, *bob.group_ids])
    alice.refresh_from_db()
    request_reimage(alice, "web-01")
    send()
    assert sent_to() == ["bob@example.com"]


@pytest.mark.parametrize("kind", [NoticeKind.APPROVED, NoticeKind.REJECTED, NoticeKind.EXPIRED, NoticeKind.FINISHED])
def test_the_requester_is_told_what_became_of_it(
    azure: SandboxProcess, alice: User, bob: User, kind: NoticeKind
) -> None:
    reimage_request = request_reimage(alice, "web-01")
    Notice.objects.all().delete()
    announce(reimage_request, kind, now=timezone.now())
    assert send() == 1
    assert sent_to() == ["alice@example.com"]


def test_administrators_are_told_of_trouble(
    azure: SandboxProcess, alice: User, bob: User, dan: User, carol: User
) -> None:
    azure.faults("foreign_operation_host", match={"verb": "POST", "path_contains": "/reimage"})
    run(approved(alice, bob, "web-01"), azure)
    send()
    (to_dan,) = [message for message in mail.outbox if message.to == ["dan@example.com"]]
    assert "web-01" in str(to_dan.body)


def test_the_approvers_are_told_of_a_withdrawal(azure: SandboxProcess, alice: User, bob: User) -> None:
    reimage_request = request_reimage(alice, "web-01")
    decision.cancel_reimage_request(requester=alice, reimage_request_id=reimage_request.pk, now=timezone.now())
    send()
    assert sent_to() == ["bob@example.com", "bob@example.com"]


def test_everybody_reads_it_in_their_own_language(
    azure: SandboxProcess, alice: User, bob: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    languages = []
    render = notification.render_to_string

    def noting_the_language(*args: Any) -> str:
        languages.append(notification.translation.get_language())
        return render(*args)

    monkeypatch.setattr(notification, "render_to_string", noting_the_language)
    make_user(EVE, group_ids=bob.group_ids, language="en")
    request_reimage(alice, "web-01")
    send()
    assert languages == ["ja"] * 3 + ["en"] * 3


def test_it_is_sent_once(azure: SandboxProcess, alice: User, bob: User) -> None:
    request_reimage(alice, "web-01")
    assert (send(), send()) == (1, 0)
    assert len(mail.outbox) == 1
    notice = Notice.objects.get()
    assert notice.sent_at is not None
    assert notice.next_at is None


def test_a_notice_that_another_sender_took_is_left_to_it(azure: SandboxProcess, alice: User, bob: User) -> None:
    request_reimage(alice, "web-01")
    stale = Notice.objects.get()
    assert notification._take(stale, timezone.now())
    assert not notification._take(stale, timezone.now())


def test_nobody_to_tell_is_no_trouble(azure: SandboxProcess, alice: User) -> None:
    request_reimage(alice, "web-01")
    assert send() == 1
    assert mail.outbox == []


def test_an_administrators_mail_waits_for_an_administrator_to_tell(
    azure: SandboxProcess, alice: User, bob: User, caplog: pytest.LogCaptureFixture
) -> None:
    announce_alarm("azure_refuses", {}, now=timezone.now())
    announce(request_reimage(alice, "web-01"), NoticeKind.NEEDS_ATTENTION, now=timezone.now())
    Notice.objects.filter(kind=NoticeKind.SUBMITTED).delete()
    assert send() == 0
    assert caplog.text.count("notice.nobody_to_tell") == 2
    dan = make_user(DAN)
    assert send(later=2 * RETRY) == 2
    assert sent_to() == [dan.email, dan.email]


def test_people_without_an_address_are_left_out(azure: SandboxProcess, alice: User, bob: User) -> None:
    User.objects.update(email="")
    reimage_request = request_reimage(alice, "web-01")
    announce(reimage_request, NoticeKind.FINISHED, now=timezone.now())
    assert [list(recipients(notice)) for notice in Notice.objects.all()] == [[], []]


def test_whom_the_server_refused_is_told_later_and_the_others_once(
    azure: SandboxProcess, alice: User, bob: User, second_approver: User, mail_server: type[Refusing]
) -> None:
    mail_server.refused = {"bob@example.com"}
    request_reimage(alice, "web-01")
    assert send() == 0
    assert sent_to() == ["eve@example.com"]
    assert send() == 0
    assert send_due_notices(now=timezone.now() + timedelta(minutes=2)) == 1
    assert sent_to() == ["eve@example.com", "bob@example.com"]


@pytest.mark.asvs("V16.5.2")
def test_a_mail_server_that_is_away_loses_nothing(
    azure: SandboxProcess, alice: User, bob: User, mail_server: type[Refusing]
) -> None:
    mail_server.away = True
    request_reimage(alice, "web-01")
    for _ in range(notification.MAX_ATTEMPTS + 1):
        assert send() == 0
    assert Notice.objects.get().attempts == 0
    mail_server.away = False
    assert send() == 1
    assert sent_to() == ["bob@example.com"]


def test_it_is_not_tried_for_ever_and_is_told_when_it_is_given_up(
    azure: SandboxProcess, alice: User, bob: User, mail_server: type[Refusing], caplog: pytest.LogCaptureFixture
) -> None:
    request_reimage(alice, "web-01")
    Notice.objects.update(attempts=notification.MAX_ATTEMPTS - 1)
    mail_server.refused = {"bob@example.com"}
    assert send() == 0
    assert "notice.given_up" in caplog.text
    assert (send_due_notices(now=timezone.now() + timedelta(hours=1)), pending()) == (0, 1)
    assert (send_due_notices(now=timezone.now() + notification.TOLD + RETRY), pending()) == (0, 0)
    assert mail.outbox == []  # a week late it would only confuse


def test_a_mail_that_may_still_arrive_is_not_given_up(
    azure: SandboxProcess, alice: User, bob: User, mail_server: type[Refusing], caplog: pytest.LogCaptureFixture
) -> None:
    request_reimage(alice, "web-01")
    Notice.objects.update(attempts=notification.MAX_ATTEMPTS - 2)
    mail_server.refused = {"bob@example.com"}
    assert (send(), pending()) == (0, 1)
    assert "notice.given_up" not in caplog.text
    assert (send_due_notices(now=timezone.now() + 2 * RETRY), pending()) == (1, 0)


def pending() -> float:
    found = {figure.name: figure.values for figure in figures.read().figures}
    return found["reimage_notices_pending"][()]


def test_a_broken_mail_does_not_keep_back_the_next_one(
    azure: SandboxProcess, alice: User, bob: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    request_reimage(alice, "web-01")
    request_reimage(alice, "web-02")
    message = notification._message
    broken = Notice.objects.order_by("pk")[0].pk

    def break_the_first(notice: Notice, person: User) -> Any:
        if notice.pk == broken:
            raise ValueError
        return message(notice, person)

    monkeypatch.setattr(notification, "_message", break_the_first)
    assert send() == 1
    assert len(mail.outbox) == 1


def test_a_mail_holds_links_and_no_secret(azure: SandboxProcess, alice: User, bob: User) -> None:
    parameters = ReimageParameters(admin_password="Correct-Horse-7")
    advance_to(approved(alice, bob, "web-02", parameters=parameters).operations.get(), "in_progress")
    send()
    for message in mail.outbox:
        assert "Correct-Horse-7" not in message.message().as_string()
        assert "http://localhost:8000/" in str(message.body)


def test_an_auditor_is_told_nothing(azure: SandboxProcess, alice: User, bob: User) -> None:
    make_user(CAROL)
    request_reimage(alice, "web-01")
    send()
    assert "carol@example.com" not in sent_to()


@pytest.mark.asvs("V1.3.11")
def test_a_line_break_in_a_name_adds_no_header(azure: SandboxProcess, alice: User, bob: User) -> None:
    alice.display_name = "Alice\r\nBcc: eve@example.com\r\n\r\nHello"
    alice.save()
    approved(alice, bob, "web-02")
    send()
    assert mail.outbox
    for message in mail.outbox:
        assert message.message()["Bcc"] is None
        assert not set(message.subject) & {"\r", "\n"}
        assert set(message.recipients()) <= {"alice@example.com", "bob@example.com"}
