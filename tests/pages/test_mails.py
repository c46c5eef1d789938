"""What people are told by mail: in their language, with a link and nothing that acts."""

import re

import pytest
from django.core import mail
from django.utils import timezone

from portal.identity.models import User
from reimage.domain.request_states import RequestState
from reimage.models import ApprovalDecision, NoticeKind, ReimageRequest
from reimage.services.notification import announce, announce_alarm, send_due_notices
from tests.pages.rows import reimage_request, virtual_machine

pytestmark = pytest.mark.usefixtures("grants")
SUBJECTS = {
    NoticeKind.SUBMITTED: "Reimage request #{id} of Alice Aoki waits for your decision",
    NoticeKind.APPROVED: "Your reimage request #{id} was approved",
    NoticeKind.PASSWORD_AWAITED: "Your password is awaited: request #{id} was approved",
    NoticeKind.REJECTED: "Your reimage request #{id} was rejected",
    NoticeKind.CANCELED: "Reimage request #{id} of Alice Aoki was canceled",
    NoticeKind.EXPIRED: "Your reimage request #{id} expired",
    NoticeKind.FINISHED: "Your reimage request #{id} has ended: Completed",
    NoticeKind.NEEDS_ATTENTION: "Reimage request #{id} needs an administrator",
    NoticeKind.PASSWORD_AGAIN: "A password of request #{id} was asked for again after it was seen",
}


@pytest.fixture
def made(alice: User, bob: User, dan: User) -> ReimageRequest:
    shown = reimage_request(
        alice,
        virtual_machine("web-11"),
        virtual_machine("web-12"),
        state=RequestState.COMPLETED,
        justification="Tom & Jerry <b>bold</b>\nsecond line",
    )
    ApprovalDecision.objects.create(
        reimage_request=shown,
        outcome="rejected",
        approver=bob,
        approver_tenant_id=bob.tenant_id,
        approver_object_id=bob.object_id,
        requester_tenant_id=alice.tenant_id,
        requester_object_id=alice.object_id,
        digest=shown.digest,
        comment="Not this week.",
        decided_at=timezone.now(),
    )
    return shown


def mail_of(kind: NoticeKind, made: ReimageRequest) -> tuple[mail.EmailMultiAlternatives, str]:
    """The one mail of this kind, and its HTML."""
    mail.outbox.clear()
    announce(made, kind, now=timezone.now())
    send_due_notices(now=timezone.now())
    (sent,) = mail.outbox
    assert isinstance(sent, mail.EmailMultiAlternatives)
    return sent, str(sent.alternatives[0][0])


@pytest.mark.parametrize("kind", SUBJECTS)
def test_each_kind_says_what_happened_and_links_to_the_request(kind: NoticeKind, made: ReimageRequest) -> None:
    sent, html = mail_of(kind, made)
    assert sent.subject == SUBJECTS[kind].format(id=made.pk)
    link = f"http://localhost:8000/requests/{made.pk}/"
    assert link in sent.body
    assert re.findall(r'href="([^"]*)"', html) == [link]
    assert "web-11" in sent.body
    assert "web-11" in html
    assert "<form" not in html


@pytest.mark.parametrize("kind", SUBJECTS)
@pytest.mark.asvs("V1.2.1")
def test_text_is_plain_and_html_is_escaped(kind: NoticeKind, made: ReimageRequest) -> None:
    sent, html = mail_of(kind, made)
    assert "Tom & Jerry <b>bold</b>\nsecond line" in sent.body
    assert "<b>bold" not in html
    assert not re.search(r"&(amp|lt|quot|#x27);|\n{4,}", sent.body)


@pytest.mark.parametrize("kind", SUBJECTS)
def test_each_kind_reaches_those_whom_it_concerns(kind: NoticeKind, made: ReimageRequest) -> None:
    to = {"submitted": "bob", "canceled": "bob", "needs_attention": "dan", "password_again": "dan"}.get(kind, "alice")
    assert mail_of(kind, made)[0].to == [f"{to}@example.com"]


def test_an_alarm_tells_the_administrators_what_holds_execution_up(dan: User, carol: User, alice: User) -> None:
    announce_alarm("azure_refuses", {}, now=timezone.now())
    send_due_notices(now=timezone.now())
    (sent,) = mail.outbox
    assert (sent.to, sent.subject) == (["dan@example.com"], "Reimages wait for an administrator")
    html = str(sent.alternatives[0][0])
    for text in (str(sent.body), html):
        assert "Azure refuses the portal itself" in text
        assert "http://localhost:8000/execution/" in text
    assert "<form" not in html


def test_a_rejection_tells_the_reason(made: ReimageRequest) -> None:
    sent, html = mail_of(NoticeKind.REJECTED, made)
    assert "Not this week." in sent.body
    assert "Not this week." in html


def test_a_mail_is_written_in_its_readers_language(made: ReimageRequest, alice: User) -> None:
    User.objects.filter(pk=alice.pk).update(language="ja")
    _, html = mail_of(NoticeKind.FINISHED, ReimageRequest.objects.get(pk=made.pk))
    assert '<html lang="ja">' in html
