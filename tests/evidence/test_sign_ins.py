"""Which sign-in a pack says stands behind a decision: the last that was sealed before it, whatever its time says."""

from datetime import UTC, datetime, timedelta

import time_machine
from django.test import Client
from django.utils import timezone
from pytest_django.fixtures import DjangoAssertNumQueries

from portal.audit.models import AuditEvent
from portal.identity.models import User
from portal.identity.sign_ins import sign_ins_behind
from reimage import audit_actions
from reimage.evidence_pack.story import sign_ins_of
from reimage.models import ReimageRequest
from reimage.services import decision
from tests import stories
from tests.audit.sealing.logs import SealedLog
from tests.evidence.conftest import PROOF
from tests.evidence.packs import TakenPack, signed_in

FORGED = datetime(2026, 3, 4, 9, 9, 9, tzinfo=UTC)


def forge_sign_in(person: User, *, before: AuditEvent) -> AuditEvent:
    """As somebody inserts it who may write events: of the same session, its time just before what was done in it."""
    at = before.occurred_at - timedelta(microseconds=1)
    with time_machine.travel(at, tick=False), signed_in(person, FORGED) as forged:
        return forged


def decided(made: ReimageRequest) -> AuditEvent:
    return AuditEvent.objects.get(subject=made.audit_subject, action=audit_actions.REQUEST_APPROVED.name)


def proof_in(pack: TakenPack) -> list[str]:
    """What it says in words of when somebody last proved who they are."""
    return [found for found in (f"{at:%Y-%m-%d %H:%M:%S} UTC" for at in (PROOF, FORGED)) if found in pack.words()]


def test_a_later_one_with_an_earlier_time_changes_nothing(
    ended: ReimageRequest, auditor: Client, bob: User, log: SealedLog
) -> None:
    before = TakenPack.by(auditor, ended.pk)
    assert proof_in(before) == ["2026-03-04 05:06:07 UTC"]
    forge_sign_in(bob, before=decided(ended))
    assert TakenPack.by(auditor, ended.pk).content == before.content
    log.seal()
    assert TakenPack.by(auditor, ended.pk).content == before.content


def test_nor_does_one_behind_a_decision_that_waits_for_the_sealer(
    asked: ReimageRequest, auditor: Client, bob: User, log: SealedLog
) -> None:
    with signed_in(bob, PROOF) as real:
        stories.approve(bob, asked)
    forged = forge_sign_in(bob, before=decided(asked))
    found = sign_ins_of(asked)
    assert (real.pk in found, forged.pk in found) == (True, False)
    log.seal()
    assert proof_in(TakenPack.by(auditor, asked.pk)) == ["2026-03-04 05:06:07 UTC"]


def test_a_clock_that_was_set_back_loses_none(
    asked: ReimageRequest, auditor: Client, bob: User, log: SealedLog
) -> None:
    with signed_in(bob, PROOF), time_machine.travel(timezone.now() - timedelta(minutes=1)):
        stories.approve(bob, asked)
    log.seal()
    assert proof_in(TakenPack.by(auditor, asked.pk)) == ["2026-03-04 05:06:07 UTC"]


def test_of_two_in_one_session_each_stands_behind_what_followed_it(
    asked: ReimageRequest, alice: User, log: SealedLog
) -> None:
    with signed_in(alice, PROOF):
        decision.cancel_reimage_request(requester=alice, reimage_request_id=asked.pk, now=timezone.now())
    log.seal()
    deeds = AuditEvent.objects.filter(subject=asked.audit_subject).select_related("leaf").order_by("sequence")
    first, last = AuditEvent.objects.filter(action="session.signed_in").order_by("pk")
    assert [sign_in.pk for sign_in in sign_ins_behind(deeds).values()] == [first.pk, last.pk]


def test_they_cost_two_queries_however_many_deeds_and_sessions(
    ended: ReimageRequest, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    """The events, and their texts."""
    deeds = list(AuditEvent.objects.filter(subject=ended.audit_subject).select_related("leaf"))
    with django_assert_num_queries(2):
        assert len(sign_ins_behind(deeds)) == 2
    with django_assert_num_queries(0):
        assert sign_ins_behind([deed for deed in deeds if not deed.session_reference]) == {}
