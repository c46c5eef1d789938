"""Whoever took over the web process can add any number of large events to a request, for good: it is told all the same.

What a page can hold is told, the others are named, and nothing is said of what did not happen.
"""

from collections.abc import Iterator
from unittest.mock import patch

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from portal.audit import packs, telling
from portal.audit.actors import Actor
from portal.audit.models import AuditEvent, AuditPersonalText
from portal.audit.redaction import redact
from portal.identity.models import User
from reimage import audit_actions as actions
from reimage.evidence_pack.pack import take_evidence_pack
from reimage.models import ReimageRequest
from reimage.operation_story import story_of
from tests import stories
from tests.audit.memory import most_memory
from tests.audit.sealing.logs import SealedLog
from tests.audit.sealing.tampering import run
from tests.evidence.altering import add, body_of, event_of, operation_pages
from tests.evidence.packs import TakenPack

LEFT_OUT = {"en": "Events of this pack are left out", "ja": "このページの説明に含めていないイベント"}
UNTOLD = {"en": "Event #{} is not told here", "ja": "イベント #{} の内容はここには表示していません"}
LISTS: list[object] = [[]] * 33_000  # a hundred thousand bytes, and twenty times that once they are read


def flood(reimage_request: ReimageRequest, count: int, value: object = None, first: int = 900) -> list[AuditEvent]:
    """Events of the request, with the numbers from `first` on."""
    body = body_of(event_of(reimage_request, actions.REQUEST_SUBMITTED))
    more = {"action": "reimage_request.noted", "detail": {"t": value or LISTS}}
    return [add({**body, **more, "sequence": first + number}) for number in range(count)]


@pytest.fixture
def small() -> Iterator[None]:
    """A page holds no more than 300,000 bytes of a request."""
    with patch.object(telling, "MOST_TOLD", 300_000):
        yield


def test_what_is_left_out_is_named_and_the_rest_told_as_usual(
    ended: ReimageRequest, auditor: Client, log: SealedLog, small: None
) -> None:
    before = TakenPack.by(auditor, ended.pk)
    forged = flood(ended, 3)
    log.seal()
    numbers = [event.leaf.leaf_index + 1 for event in AuditEvent.objects.filter(pk__in=[one.pk for one in forged])]
    pack = TakenPack.by(auditor, ended.pk)
    for language, text in UNTOLD.items():
        assert LEFT_OUT[language] not in before.words(language)
        assert LEFT_OUT[language] in pack.words(language)
        assert "</a><a" not in pack.text(f"request.{language}.html"), "places stand apart"
        assert all(text.format(number) in pack.words(language) for number in numbers)
        assert "is damaged, or of a form" not in pack.words(language)
        assert pack.words(language).count("Request approved") == before.words(language).count("Request approved")
    assert len(pack.events()) == len(before.events()) + 3, "the evidence has them"
    for page in operation_pages(auditor, ended):
        assert all(UNTOLD["en"].format(number) in page for number in numbers)
        assert "Reimage accepted by Azure" in page


def test_of_a_flooded_request_nothing_is_said_of_what_did_not_happen(
    asked: ReimageRequest, auditor: Client, log: SealedLog, small: None
) -> None:
    assert "Nobody had decided yet." in TakenPack.by(auditor, asked.pk).words()
    flood(asked, 1, first=2)
    log.seal()
    words = TakenPack.by(auditor, asked.pk).words()
    assert "Nobody had decided yet." not in words
    assert "Nothing was done to this machine." not in words
    assert "State Waiting for approval, as far as its events can be read" in words


def test_no_more_than_some_are_named(ended: ReimageRequest, auditor: Client, log: SealedLog) -> None:
    flood(ended, 9, ["x"] * 30_000)
    log.seal()
    with patch.object(telling, "MOST_TOLD", 300_000), patch.object(telling, "MOST_UNTOLD", 5):
        words = TakenPack.by(auditor, ended.pk).words()
        (page, _) = operation_pages(auditor, ended)
    assert words.partition(LEFT_OUT["en"])[2].partition("This page is for reading")[0].count("#") == 5
    assert page.count("is not told here: ") == 5


def test_what_stands_beside_it_takes_nothing_from_the_request(
    ended: ReimageRequest, auditor: Client, log: SealedLog, small: None
) -> None:
    approval = event_of(ended, actions.REQUEST_APPROVED)
    target = {"kind": "audit_event", "id": str(approval.event_id), "label": "x"}
    detail = {"fields": ["/address"], "t": ["x"] * 9_000}
    for _ in range(8):
        add({**redaction_of(approval), "target": target, "detail": detail})
    flood(ended, 1, ["x"])
    log.seal()
    words = TakenPack.by(auditor, ended.pk).words()
    assert LEFT_OUT["en"] in words
    assert "is not told here: " not in words


def test_a_flood_takes_little_memory(ended: ReimageRequest, log: SealedLog) -> None:
    flood(ended, 10)
    log.seal()
    with patch.object(telling, "MOST_TOLD", 2_000_000):
        with most_memory() as page:
            story_of(ended.operations.all()[0])
        with most_memory() as pack:
            take_evidence_pack(reimage_request_id=ended.pk, actor=Actor.system("test"))
    assert page[0] < 10_000_000
    assert pack[0] < 12_000_000


def test_no_body_is_read_that_is_not_told(ended: ReimageRequest, small: None) -> None:
    before = count_of_queries(ended)
    flood(ended, 40, ["x" * 99_000])
    with CaptureQueriesContext(connection) as captured, most_memory() as most:
        story_of(ended.operations.all()[0])
    assert most[0] < 1_000_000
    assert len(captured) == before + 1, "those that are left out"


def count_of_queries(reimage_request: ReimageRequest) -> int:
    with CaptureQueriesContext(connection) as captured:
        story_of(reimage_request.operations.all()[0])
    return len(captured)


def redaction_of(event: AuditEvent) -> dict[str, object]:
    """What an event says that is added as a redaction of another."""
    more = {"action": "audit.redacted", "subject": "", "sequence": None, "previous_digest": "", "related": []}
    target = {"kind": "audit_event", "id": str(event.event_id), "label": "x"}
    return {**body_of(event), **more, "target": target, "detail": {"fields": ["/none"]}}


@pytest.mark.parametrize("is_large", [False, True])
def test_forged_redactions_neither_come_along_in_any_number_nor_hide_the_real_one(
    asked: ReimageRequest, auditor: Client, bob: User, log: SealedLog, is_large: bool
) -> None:
    stories.approve(bob, asked)
    approval = event_of(asked, actions.REQUEST_APPROVED)
    for _ in range(7):
        forged = redaction_of(approval)
        add({**forged, "detail": {"fields": ["/none"], "t": "x" * 200_000}} if is_large else forged)
    texts = AuditPersonalText.objects.filter(event=approval)
    redact(texts=texts, reason="Erasure was asked for.", actor=Actor.system("test"))
    log.seal()
    with patch.object(packs, "MOST_REDACTIONS", 3):
        pack = TakenPack.by(auditor, asked.pk)
    redactions = [event for event in pack.events() if event["action"] == "audit.redacted"]
    assert len(redactions) == (1 if is_large else 4)
    assert "Erasure was asked for." in pack.words().partition("What was redacted")[2].partition("Every event")[0]


@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite keeps what once had to have a value")
def test_a_body_that_was_taken_away_is_told_as_damaged(ended: ReimageRequest, auditor: Client, log: SealedLog) -> None:
    log.seal()
    approval = event_of(ended, actions.REQUEST_APPROVED)
    run(
        "ALTER TABLE audit_auditevent ALTER COLUMN body DROP NOT NULL",
        f"UPDATE audit_auditevent SET body = NULL WHERE id = {approval.pk}",  # noqa: S608  # a number
    )
    (page, *_) = operation_pages(auditor, ended)
    assert f"Event #{approval.leaf.leaf_index + 1} is damaged" in page
