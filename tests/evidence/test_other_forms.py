"""One event of another form than the portal writes: it is told as such with its place, and all others as usual."""

from typing import Any
from unittest.mock import patch

import pytest
from django.test import Client
from django.utils import timezone

from portal.audit.actors import Actor
from portal.audit.models import AuditEvent, AuditPersonalText
from portal.audit.redaction import redact
from portal.identity.models import User
from reimage import audit_actions as actions
from reimage.evidence_pack.pack import take_evidence_pack
from reimage.models import ReimageRequest
from reimage.services import decision
from tests.audit.sealing.logs import SealedLog
from tests.evidence.altering import alter, body_of, event_of, operation_pages, rewrite
from tests.evidence.packs import TakenPack

UNTOLD = {"en": "Event #{} is damaged, or of a form", "ja": "イベント #{} は破損しているか"}
NO_PLAN = {"en": "does not have the plan of this machine in the form", "ja": "この仮想マシンの実行計画が"}
PLANNED = {"en": "The plan, as it was requested", "ja": "申請時の実行計画"}


@pytest.mark.parametrize(
    ("member", "value"),
    [
        *(("resource_id", value) for value in (None, True, 7, [], ["x"], {"x": 1})),
        *(("plan_digest", value) for value in (None, [], ["x"], {}, 7)),
        *(("warnings_shown", value) for value in (None, [], "x", 7, {"en": "x"}, {"en": [7]}, {"en": None})),
    ],
)
def test_a_machine_of_another_form_is_told_as_such_and_the_next_one_as_usual(
    ended: ReimageRequest, auditor: Client, member: str, value: object
) -> None:
    event = event_of(ended, actions.REQUEST_SUBMITTED)
    body = body_of(event)
    body["detail"]["virtual_machines"][0][member] = value
    rewrite(event, body)
    pack = TakenPack.by(auditor, ended.pk)
    for language in ("en", "ja"):
        words = pack.words(language)
        assert PLANNED[language] in words, "of web-03"
        places = 2 if member == "resource_id" else 1  # nobody knows which it is, so its steps are told apart from it
        assert words.count(NO_PLAN[language]) == places
    assert [name for name in pack.names if name.startswith("plan-")] == ["plan-02.json"]
    assert pack.words().count("Attempt 1") == 2, "what was done is told of both"
    assert "Nothing was done to this machine." not in pack.words()
    assert len(operation_pages(auditor, ended)) == 2


@pytest.mark.parametrize("value", [[], ["x"], {}, {"x": []}])
def test_a_code_that_is_no_text_makes_one_step_untold(ended: ReimageRequest, auditor: Client, value: object) -> None:
    event = event_of(ended, actions.OPERATION_ACCEPTED)
    before = TakenPack.by(auditor, ended.pk).words().count("Azure took the reimage on.")
    body = body_of(event)
    body["detail"]["code"] = value
    rewrite(event, body)
    pack, pages = TakenPack.by(auditor, ended.pk), operation_pages(auditor, ended)
    for language, text in UNTOLD.items():
        assert pack.words(language).count(text.format(event.leaf.leaf_index + 1)) == 1
    assert pack.words().count("Azure took the reimage on.") == before - 1
    assert [UNTOLD["en"].format(event.leaf.leaf_index + 1) in page for page in pages].count(True) == 1


@pytest.mark.parametrize(
    ("member", "value", "told"),
    [
        ("outcome", [], "State Its event does not tell it"),
        ("outcome", {"x": 1}, "State Its event does not tell it"),
        ("outcome", "\u202eyad", "State Something that this version of the portal does not know: \\u202eyad"),
        ("virtual_machines", [], "Outcome Its event does not tell it"),
        ("virtual_machines", None, "Outcome Its event does not tell it"),
    ],
)
def test_an_end_of_another_form_is_not_told_as_no_end(
    ended: ReimageRequest, auditor: Client, member: str, value: object, told: str
) -> None:
    event = event_of(ended, actions.REQUEST_FINISHED)
    body = body_of(event)
    body["detail"][member] = value
    rewrite(event, body)
    words = TakenPack.by(auditor, ended.pk).words()
    assert told in words
    assert "The request had not ended yet." not in words


@pytest.mark.parametrize("changes", [{"action": ["reimage_request.approved"]}, {"sequence": None}, {"sequence": "2"}])
def test_an_approval_of_another_form_is_named_and_decides_nothing(
    asked: ReimageRequest, auditor: Client, bob: User, log: SealedLog, changes: dict[str, Any]
) -> None:
    decision.approve_reimage_request(
        approver=bob, reimage_request_id=asked.pk, digest=asked.digest, comment="Fine.", now=timezone.now()
    )
    log.seal()
    event = event_of(asked, actions.REQUEST_APPROVED)
    rewrite(event, body_of(event) | changes)
    pack = TakenPack.by(auditor, asked.pk)
    for language, text in UNTOLD.items():
        assert text.format(event.leaf.leaf_index + 1) in pack.words(language)
    assert "Events of this pack are damaged" in pack.words()
    assert f'<a href="#event-{event.leaf.leaf_index + 1}">' in pack.text("request.en.html")
    assert "Nobody had decided yet." not in pack.words()
    assert "Fine." not in pack.words()
    assert "State Waiting for approval, as far as its events can be read" in pack.words()
    for page in operation_pages(auditor, asked):
        assert UNTOLD["en"].format(event.leaf.leaf_index + 1) in page


def test_without_its_submission_the_pack_says_so_and_tells_what_was_done(
    ended: ReimageRequest, auditor: Client
) -> None:
    rewrite(event_of(ended, actions.REQUEST_SUBMITTED), {})
    words = TakenPack.by(auditor, ended.pk).words()
    assert "The event of the submission is missing or damaged" in words
    assert words.count("Attempt 1") == 2
    assert words.count("Request approved") >= 1


def test_words_that_turn_the_line_round_are_shown_as_codes(ended: ReimageRequest, auditor: Client) -> None:
    event = event_of(ended, actions.REQUEST_SUBMITTED)
    body = body_of(event)
    turned = "\u202etext\u0007"
    body["detail"]["digest"] = turned
    for member in ("delete_option_before", "delete_option_at_reimage", "vm_id", "os_disk_id"):
        body["detail"]["virtual_machines"][0][member] = turned
    body["detail"]["virtual_machines"][0]["plan_digest"] = turned
    rewrite(event, body)
    pack = TakenPack.by(auditor, ended.pk)
    for language in ("en", "ja"):
        page = pack.text(f"request.{language}.html")
        assert page.count("\\u202etext\\u0007") == 6
        assert "\u202e" not in page
        assert "\u0007" not in page


def test_an_action_that_is_in_no_catalogue_is_no_headline(ended: ReimageRequest, auditor: Client) -> None:
    event = event_of(ended, actions.OPERATION_ACCEPTED)
    rewrite(event, body_of(event) | {"action": "nothing_bad.done"})
    shown = "<code>nothing_bad.done</code>"
    assert TakenPack.by(auditor, ended.pk).text("request.en.html").count(shown) == 2
    assert sum(shown in page for page in operation_pages(auditor, ended)) == 1


def test_what_looks_like_a_redaction_by_its_columns_alone_redacted_nothing(
    ended: ReimageRequest, auditor: Client, log: SealedLog
) -> None:
    (other,) = log.grow(1)
    alter(other, action="audit.redacted", target_id=str(event_of(ended, actions.REQUEST_APPROVED).event_id))
    pack = TakenPack.by(auditor, ended.pk)
    assert len([event for event in pack.events() if event["event_id"] == str(other.event_id)]) == 1
    assert "What was redacted" not in pack.words()


@pytest.mark.parametrize("fields", [7, None, {"x": 1}])
def test_a_redaction_of_another_form_leaves_the_pack_whole(
    ended: ReimageRequest, auditor: Client, log: SealedLog, fields: object
) -> None:
    texts = AuditPersonalText.objects.filter(event=event_of(ended, actions.REQUEST_APPROVED))
    redact(texts=texts, reason="Erasure was asked for.", actor=Actor.system("test"))
    log.seal()
    event = AuditEvent.objects.get(action="audit.redacted")
    body = body_of(event)
    body["detail"]["fields"] = fields
    rewrite(event, body)
    pack = TakenPack.by(auditor, ended.pk)
    assert ("What was redacted" in pack.words(), "Damaged event" in pack.words()) == (False, True)
    assert pack.text("request.en.html").rstrip().endswith("</html>")


def test_a_section_that_cannot_be_made_is_a_sentence(ended: ReimageRequest, auditor: Client) -> None:
    """The last guard, for what nobody thought of."""
    with patch("reimage.evidence_pack.pages.plan_view", side_effect=TypeError):
        pack = TakenPack.by(auditor, ended.pk)
    assert pack.words().count("This part cannot be told") == 2
    assert pack.words("ja").count("この部分は表示できません") == 2
    assert pack.words().count("Attempt 1") == 2
    assert pack.names[-1] == "verify_audit.py"


def test_what_is_told_is_read_before_the_first_byte(ended: ReimageRequest) -> None:
    with patch("reimage.evidence_pack.pack.planned_machines", side_effect=TypeError), pytest.raises(TypeError):
        take_evidence_pack(reimage_request_id=ended.pk, actor=Actor.system("test"))
