"""Who decided, called off, gave a password or settled: by name, and a person's words apart from the portal's own."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from portal.identity.models import User
from reimage import audit_actions as actions
from reimage.domain.operation_states import OperationState
from reimage.models import ReimageRequest
from reimage.services import attention, decision
from tests import stories
from tests.audit.sealing.logs import SealedLog
from tests.evidence.altering import body_of, event_of, operation_pages, rewrite
from tests.evidence.conftest import PROOF
from tests.evidence.packs import TakenPack, signed_in
from tests.passwords import GENERATED, show_password
from tests.sandbox_process import SandboxProcess

POST = {"verb": "POST", "path_contains": "/reimage"}
COMMENT = "Azure's words: all is well.\nThe portal tries again by itself."
LABELS = {"en": "Comment by <bdi>Dan Date</bdi>:", "ja": "<bdi>Dan Date</bdi> のコメント:"}


def test_calling_off_the_rest_of_a_running_request_is_a_decision(
    azure: SandboxProcess, log: SealedLog, auditor: Client, alice: User, bob: User
) -> None:
    asked = stories.approved(alice, bob, "web-02", "web-03")
    sent, unsent = asked.operations.order_by("name")
    stories.advance_to(sent, OperationState.IN_PROGRESS)
    with signed_in(alice, PROOF):
        decision.cancel_reimage_request(requester=alice, reimage_request_id=asked.pk, now=timezone.now())
    log.seal()
    pack = TakenPack.by(auditor, asked.pk)
    deeds = pack.words().partition("Who asked, and who decided")[2].partition("Outcome")[0]
    called_off = deeds.partition(f"{actions.OPERATION_CANCELED} {unsent.name}")[2]
    assert "Person Alice Aoki (Person)" in called_off
    assert "Last proof of identity 2026-03-04 05:06:07 UTC" in called_off
    steps = pack.words().partition("It was withdrawn before anything was sent.")[0]
    assert steps.endswith("UTC · Alice Aoki ")
    assert sum("Alice Aoki" in page.partition("It was withdrawn")[0][-300:] for page in operation_pages(auditor, asked))


def test_what_the_portal_canceled_after_a_cancellation_is_no_decision_of_a_person(
    asked: ReimageRequest, auditor: Client, bob: User, log: SealedLog
) -> None:
    decision.reject_reimage_request(approver=bob, reimage_request_id=asked.pk, comment="No.", now=timezone.now())
    log.seal()
    deeds = TakenPack.by(auditor, asked.pk).words().partition("Who asked, and who decided")[2].partition("Outcome")[0]
    assert str(actions.OPERATION_CANCELED) not in deeds


def test_whoever_asks_for_a_password_is_named_in_the_step(
    azure: SandboxProcess, log: SealedLog, auditor: Client, alice: User, bob: User, settings: Any
) -> None:
    settings.PASSWORD_MODE = "generated"
    made = stories.run(stories.approved(alice, bob, "web-02", parameters=GENERATED), azure)
    operation = made.operations.get()
    show_password(
        requester=alice, reimage_request_id=made.pk, operation_id=operation.pk, private_key=None, now=timezone.now()
    )
    log.seal()
    words = TakenPack.by(auditor, made.pk).words()
    steps = words.partition("Attempt 1")[2].partition("Every event of this pack")[0]
    asking = steps.partition(str(actions.PASSWORD_ASKED))[2]
    assert asking.partition("UTC")[2].startswith(" · Alice Aoki")
    assert steps.partition("UTC")[2].startswith(" A worker took the machine"), "nobody is named where nobody acted"
    assert "Alice Aoki" in operation_pages(auditor, made)[0].partition(str(actions.PASSWORD_ASKED))[2][:400]


@pytest.fixture
def settled(azure: SandboxProcess, log: SealedLog, alice: User, bob: User, dan: User) -> ReimageRequest:
    """Dan settled what the evidence did not tell, in words that look like the portal's own."""
    made = stories.approved(alice, bob, "web-02")
    operation = made.operations.get()
    azure.faults("reset_before", match=POST, times=1)
    stories.advance_to(operation, OperationState.OUTCOME_UNKNOWN)
    stories.age(operation, timedelta(hours=1))
    stories.advance_to(operation, OperationState.NEEDS_ATTENTION)
    attention.settle_operation(
        administrator=dan,
        operation_id=operation.pk,
        executed=False,
        comment=COMMENT,
        confirmation=operation.name,
        now=timezone.now(),
    )
    log.seal()
    return made


def test_a_comment_is_a_quotation_of_whoever_wrote_it(settled: ReimageRequest, auditor: Client) -> None:
    pack = TakenPack.by(auditor, settled.pk)
    pages = {language: [pack.text(f"request.{language}.html")] for language in ("en", "ja")}
    pages["en"] += operation_pages(auditor, settled)
    for language, told in pages.items():
        for page in told:
            quoted = page.partition(LABELS[language])[2].partition("</blockquote>")[0]
            assert "<blockquote" in quoted
            assert quoted.count("all is well.") == 1
            steps = page.partition('id="machine-1"')[2] or page.partition('id="attempt-1"')[2]
            assert steps.count("all is well.") == 1, "it stands nowhere else"


def test_whether_it_took_place_is_said_by_yes_or_no_alone(settled: ReimageRequest, auditor: Client) -> None:
    assert "It took place no" in TakenPack.by(auditor, settled.pk).words()
    event = event_of(settled, actions.OPERATION_SETTLED)
    body = body_of(event)
    body["detail"]["executed"] = "no"
    rewrite(event, body)
    assert re.search(r"It took place\s*</dt>\s*<dd>\s*<code>no</code>", page_of(settled, auditor))


def page_of(reimage_request: ReimageRequest, auditor: Client) -> str:
    return TakenPack.by(auditor, reimage_request.pk).text("request.en.html")
