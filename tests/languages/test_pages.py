"""What people see in Japanese holds no English sentence, wherever its text comes from."""

from collections.abc import Iterator

import pytest
from django.core import mail
from django.utils import timezone

from portal.audit.models import AuditEvent
from portal.identity.models import User
from reimage.domain.operation_states import OperationState
from reimage.models import (
    AlarmKind,
    ExecutionAlarm,
    Notice,
    NoticeKind,
    ReimageBreaker,
    ReimageOperation,
    ReimageRequest,
    VirtualMachine,
)
from reimage.services import decision, notification, pausing
from tests import stories
from tests.cast import client_of
from tests.languages.english import sentences_in, sentences_of
from tests.sandbox_process import PRODUCTION, SandboxProcess

REASON = "The disk image is corrupt."
JAPANESE = {"headers": {"accept-language": "ja,en;q=0.5"}}


@pytest.fixture
def ended(azure: SandboxProcess, alice: User, bob: User) -> ReimageRequest:
    """A request that ran to its end."""
    return stories.run(stories.approve(bob, stories.request_reimage(alice, "web-01", "web-02")), azure)


@pytest.fixture
def waiting(azure: SandboxProcess, alice: User) -> ReimageRequest:
    """A request that waits for Bob; web-03's old OS disk would be deleted."""
    return stories.request_reimage(alice, "web-03")


@pytest.fixture
def unknown(azure: SandboxProcess, alice: User, bob: User) -> ReimageRequest:
    """A request of which nobody knows whether Azure executed it."""
    found = stories.approve(bob, stories.request_reimage(alice, "batch-01"))
    ReimageOperation.objects.filter(reimage_request=found).update(
        state=OperationState.NEEDS_ATTENTION, note={"code": "no_evidence", "params": {}}
    )
    return found


def english_on(user: User, *paths: str) -> Iterator[tuple[str, str]]:
    """(path, sentence) of everything that is not in Japanese."""
    client = client_of(user)
    for path in paths:
        page = client.get(path, **JAPANESE).content.decode()
        assert 'lang="ja"' in page
        yield from ((path, sentence) for sentence in sentences_of(page))


def test_an_english_sentence_is_found_but_not_in_what_people_wrote() -> None:
    page = (
        "<p title='read me aloud'>Nothing was sent.<bdi>The disk is corrupt.</bdi><code>an answer of Azure</code></p>"
    )
    assert sentences_of(page) == ["read me aloud", "Nothing was sent"]


def test_the_requesters_pages_are_japanese(alice: User, ended: ReimageRequest, waiting: ReimageRequest) -> None:
    machine = VirtualMachine.objects.get(name="web-03")
    draft = stories.draft(alice, "web-02", "web-04")
    paths = ["/", "/machines/", "/machines/?q=none-such", f"/machines/{machine.pk}/", f"/requests/new?vm={machine.pk}"]
    paths += ["/requests/", "/requests/?state=ended", f"/requests/{draft.pk}/review"]
    paths += [f"/requests/{ended.pk}/operations/{operation.pk}/" for operation in ended.operations.all()]
    paths += [f"/requests/{waiting.pk}/", f"/requests/{ended.pk}/", "/approvals/", "/requests/new", "/access/"]
    paths += ["/settings/sessions"]
    assert list(english_on(alice, *paths)) == []


def test_a_form_with_errors_is_japanese(azure: SandboxProcess, alice: User) -> None:
    machine = VirtualMachine.objects.get(name="web-02")
    prefix = f"g{machine.pk}"
    form = {"vm": machine.pk, f"{prefix}-admin_password": "short", f"{prefix}-exact_version": "?"}
    response = client_of(alice).post("/requests/new", form, **JAPANESE)
    assert response.status_code == 422
    assert sentences_of(response.content.decode()) == []


def test_the_approvers_pages_are_japanese(bob: User, waiting: ReimageRequest) -> None:
    assert list(english_on(bob, "/", "/approvals/", f"/requests/{waiting.pk}/", "/requests/")) == []


def test_the_auditors_pages_are_japanese(carol: User, ended: ReimageRequest) -> None:
    found = AuditEvent.objects.filter(subject=ended.audit_subject)
    events = [f"/audit/{event_id}/" for event_id in found.values_list("event_id", flat=True)]
    assert list(english_on(carol, "/audit/", "/audit/?person=nobody", "/audit/?occurred_from=x", *events)) == []


def test_the_administrators_pages_are_japanese(dan: User, unknown: ReimageRequest) -> None:
    case = f"/attention/{unknown.operations.get().pk}/"
    stuck = f"/requests/{unknown.pk}/operations/{unknown.operations.get().pk}/"
    paths = ["/", "/access/", f"/requests/{unknown.pk}/", stuck, "/attention/", case, "/execution/", "/sessions/"]
    assert list(english_on(dan, *paths)) == []


def test_what_holds_execution_up_is_told_in_japanese(dan: User, unknown: ReimageRequest) -> None:
    now = timezone.now()
    for kind in AlarmKind:
        ExecutionAlarm.objects.create(kind=kind, raised_at=now)
    ReimageBreaker.objects.create(subscription_id=PRODUCTION, tripped_at=now)
    assert list(english_on(dan, "/", "/execution/")) == []
    pausing.pause_execution(administrator=dan, reason="障害のため")
    assert list(english_on(dan, "/", "/execution/")) == []
    response = client_of(dan).post("/execution/pause", {"reason": "障害"}, **JAPANESE)
    assert response.status_code == 409
    assert sentences_of(response.content.decode()) == []


def test_the_strangers_pages_are_japanese(eve: User, waiting: ReimageRequest) -> None:
    paths = ["/", "/machines/", "/approvals/", "/access/", "/audit/", f"/requests/{waiting.pk}/", "/none-such"]
    assert list(english_on(eve, *paths)) == []


@pytest.mark.parametrize("kind", NoticeKind)
def test_every_mail_is_japanese(kind: NoticeKind, ended: ReimageRequest, dan: User) -> None:
    Notice.objects.all().delete()
    if kind is NoticeKind.EXECUTION_ALARM:
        User.objects.filter(pk=dan.pk).update(language="ja")
        notification.announce_alarm("azure_refuses", {}, now=timezone.now())
    else:
        notification.announce(ended, kind, now=timezone.now())
    notification.send_due_notices(now=timezone.now())
    assert mail.outbox
    for message in mail.outbox:
        html = str(message.alternatives[0][0])
        assert sentences_in(message.subject) == []
        assert sentences_in(str(message.body).replace(REASON, "")) == []
        assert sentences_of(html) == []


def test_the_answer_to_a_late_decision_is_japanese(bob: User, waiting: ReimageRequest) -> None:
    decision.reject_reimage_request(approver=bob, reimage_request_id=waiting.pk, comment="No.", now=timezone.now())
    response = client_of(bob).post(f"/requests/{waiting.pk}/approve", {"digest": waiting.digest}, **JAPANESE)
    assert response.status_code == 409
    assert sentences_of(response.content.decode()) == []
