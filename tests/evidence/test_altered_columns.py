"""A pack tells what the bodies say, which are sealed. Columns that were altered find nothing new, and are told."""

import re

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import translation

from portal.audit.actors import Actor
from portal.audit.models import AuditEvent
from portal.identity.models import User
from reimage import audit_actions as actions
from reimage import wording
from reimage.domain.request_states import RequestState
from reimage.evidence_pack.pack import take_evidence_pack
from reimage.models import ReimageRequest
from tests import stories
from tests.audit.sealing.logs import SealedLog
from tests.evidence.altering import add, alter, body_of, event_of, operation_pages
from tests.evidence.packs import TakenPack, signed_in

ALTERED = {"en": "The columns beside events of this pack were altered", "ja": "列が改変されています"}
UNDECIDED = "Nobody had decided yet."


def number_of(event: AuditEvent) -> int:
    event.refresh_from_db()
    return event.leaf.leaf_index + 1


def story_in(pack: TakenPack, language: str = "en") -> str:
    """What the page says below its first lines, where the notice stands."""
    heading = {"en": "The request State", "ja": "申請 状態"}[language]
    before, found, after = pack.words(language).partition(heading)
    assert found, before[:500]
    return after


def places_in(pack: TakenPack) -> list[str]:
    """Those that the notice names."""
    return re.findall(r'<a href="#event-(\d+)">', pack.text("request.en.html"))


def test_nothing_is_told_where_nothing_is_wrong(ended: ReimageRequest, auditor: Client) -> None:
    pack = TakenPack.by(auditor, ended.pk)
    assert places_in(pack) == []
    assert not any(notice in pack.words(language) for language, notice in ALTERED.items())


@pytest.mark.parametrize(
    ("action", "columns"),
    [
        (actions.REQUEST_APPROVED, {"target_kind": "x", "actor_kind": "system"}),
        (actions.REQUEST_SUBMITTED, {"sequence": 150}),
        (actions.REQUEST_SUBMITTED, {"action": "reimage_request.rejected", "sequence": 151}),
        (actions.REQUEST_FINISHED, {"target_kind": "x", "action": "reimage_request.rejected"}),
        (actions.OPERATION_ACCEPTED, {"target_id": "x", "target_kind": "y", "sequence": 152}),
    ],
)
def test_altered_columns_change_nothing_but_are_named(
    ended: ReimageRequest, auditor: Client, action: object, columns: dict[str, object]
) -> None:
    before, pages = TakenPack.by(auditor, ended.pk), operation_pages(auditor, ended)
    event = event_of(ended, action)
    alter(event, **columns)
    after = TakenPack.by(auditor, ended.pk)
    for language, notice in ALTERED.items():
        assert story_in(after, language) == story_in(before, language)
        assert notice in after.words(language).partition(story_in(after, language))[0]
    assert places_in(after) == [str(number_of(event))]
    assert [told(page) for page in operation_pages(auditor, ended)] == [told(page) for page in pages]


def test_a_machine_whose_events_were_given_other_targets_has_all_its_steps(
    ended: ReimageRequest, auditor: Client
) -> None:
    before, pages = TakenPack.by(auditor, ended.pk), operation_pages(auditor, ended)
    for event in AuditEvent.objects.filter(subject=ended.audit_subject, target_kind="virtual_machine"):
        alter(event, target_id="x")
    after = TakenPack.by(auditor, ended.pk)
    assert story_in(after) == story_in(before)
    assert "Nothing was done to this machine." not in after.words()
    assert [told(page) for page in operation_pages(auditor, ended)] == [told(page) for page in pages]
    assert "Reimage accepted by Azure" in pages[0]


def test_no_more_than_twenty_places_are_named(ended: ReimageRequest, auditor: Client, log: SealedLog) -> None:
    submitted = body_of(event_of(ended, actions.REQUEST_SUBMITTED))
    for number in range(22):
        add({**submitted, "subject": "", "sequence": None}, subject=ended.audit_subject, sequence=900 + number)
    log.seal()
    pack = TakenPack.by(auditor, ended.pk)
    assert len(places_in(pack)) == 20
    assert "and further ones" in pack.words()
    assert f"State {wording.state_text(RequestState.COMPLETED)}" in pack.words()


def test_an_approval_that_says_it_in_its_columns_alone_approves_nothing(
    asked: ReimageRequest, auditor: Client, bob: User, log: SealedLog
) -> None:
    body = body_of(event_of(asked, actions.REQUEST_SUBMITTED))
    actor = {"kind": "person", "tenant_id": str(bob.tenant_id), "object_id": str(bob.object_id), "name": "Bob Baba"}
    claimed = {**body, "action": "reimage_request.approved", "actor": actor, "detail": {"comment": "Fine."}}
    forged = add(
        {**claimed, "subject": "", "sequence": None, "previous_digest": ""}, subject=asked.audit_subject, sequence=2
    )
    log.seal()
    pack = TakenPack.by(auditor, asked.pk)
    assert "State Waiting for approval" in pack.words()
    assert UNDECIDED in pack.words()
    assert "Fine." not in pack.words()
    assert places_in(pack) == [str(number_of(forged))]


def test_an_approval_of_another_request_approves_nothing(
    asked: ReimageRequest, auditor: Client, alice: User, bob: User, log: SealedLog
) -> None:
    other = stories.approved(alice, bob, "web-04")
    log.seal()
    alter(event_of(other, actions.REQUEST_APPROVED), subject=asked.audit_subject, sequence=2)
    pack = TakenPack.by(auditor, asked.pk)
    assert "State Waiting for approval" in pack.words()
    assert UNDECIDED in pack.words()


def test_where_a_number_is_missing_nothing_is_said_of_what_did_not_happen(
    asked: ReimageRequest, auditor: Client, alice: User, bob: User, log: SealedLog
) -> None:
    """Nothing finds an event whose own subject was taken off; the verifier names its number."""
    stories.approve(bob, asked)
    stories.advance(asked.operations.order_by("pk")[0])
    log.seal()
    alter(event_of(asked, actions.REQUEST_APPROVED), subject="", sequence=None, previous_digest="")
    words = TakenPack.by(auditor, asked.pk).words()
    assert UNDECIDED not in words
    assert "No decision is among the events that can be read." in words
    assert "State Waiting for approval, as far as its events can be read" in words
    assert "No step of this machine is among the events that can be read." in words
    assert "The request had not ended yet." not in words


def test_a_later_forgery_does_not_open_what_has_ended(ended: ReimageRequest, auditor: Client, log: SealedLog) -> None:
    before = TakenPack.by(auditor, ended.pk)
    add(body_of(event_of(ended, actions.REQUEST_APPROVED)) | {"sequence": 900})
    log.seal()
    with translation.override("en"):
        state = f"State {wording.state_text(RequestState.COMPLETED)} Why"
    assert state in before.words()
    assert state in TakenPack.by(auditor, ended.pk).words()


def test_the_sign_in_of_another_person_stands_behind_nothing(
    asked: ReimageRequest, auditor: Client, alice: User, bob: User, log: SealedLog
) -> None:
    with signed_in(bob) as real:
        stories.approve(bob, asked)
    log.seal()
    others = AuditEvent.objects.get(action="session.signed_in", actor_object_id=str(alice.object_id))
    assert TakenPack.by(auditor, asked.pk).words().count("no sign-in is recorded for this session") == 0
    alter(real, action="x")
    alter(others, actor_object_id=str(bob.object_id), session_reference=real.session_reference)
    pack = TakenPack.by(auditor, asked.pk)
    of_bob = pack.words().partition("Bob Baba")[2].partition("Address")[0]
    assert "Signed in at no sign-in is recorded for this session" in of_bob
    sign_ins = [event for event in pack.events() if event["action"] == "session.signed_in"]
    assert {event["actor"]["object_id"] for event in sign_ins} <= {str(alice.object_id)}


def test_a_pack_costs_the_same_however_much_was_altered(ended: ReimageRequest) -> None:
    before = cost_of(ended)
    for event in AuditEvent.objects.filter(subject=ended.audit_subject, target_kind="virtual_machine"):
        alter(event, target_id="x")
    assert cost_of(ended) == before


def cost_of(reimage_request: ReimageRequest) -> int:
    """How many queries a pack takes."""
    with CaptureQueriesContext(connection) as captured:
        b"".join(take_evidence_pack(reimage_request_id=reimage_request.pk, actor=Actor.system("test")))
    return len(captured)


def told(page: str) -> str:
    """The attempts; what changes with each reading stands before them."""
    return page.partition('id="attempt-1"')[2].partition('<div class="side">')[0]
