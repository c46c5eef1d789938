"""A superuser takes the last events of a request out of what finds them: its own row tells that it had gone on.

No number is missing, then, and the verifier finds the pack complete as far as it goes.
"""

import pytest
from django.test import Client

from portal.audit.models import AuditEvent
from portal.identity.models import User
from reimage import audit_actions as actions
from reimage.models import ReimageRequest
from tests import stories
from tests.audit.sealing.logs import SealedLog
from tests.audit.sealing.tampering import run
from tests.evidence.altering import alter, event_of
from tests.evidence.packs import TakenPack

FALSE = (
    "Nobody had decided yet.",
    "State Waiting for approval Why",
    "The request had not ended yet.",
    "Nothing was done to this machine.",
)


def take_out(events: list[AuditEvent]) -> None:
    for event in events:
        alter(event, subject="", sequence=None, previous_digest="")


def after(reimage_request: ReimageRequest, action: object) -> list[AuditEvent]:
    number = event_of(reimage_request, action).sequence
    return list(AuditEvent.objects.filter(subject=reimage_request.audit_subject, sequence__gt=number))


def said(pack: TakenPack) -> list[str]:
    """Which of what is false it says."""
    return [words for words in FALSE if words in pack.words()]


def test_a_decision_that_was_taken_out(asked: ReimageRequest, auditor: Client, bob: User, log: SealedLog) -> None:
    assert said(TakenPack.by(auditor, asked.pk)) == list(FALSE), "while it is true"
    stories.approve(bob, asked)
    log.seal()
    take_out([event_of(asked, actions.REQUEST_APPROVED)])
    pack = TakenPack.by(auditor, asked.pk)
    assert said(pack) == []
    assert "State Waiting for approval, as far as its events can be read" in pack.words()
    assert "No decision is among the events that can be read." in pack.words()


@pytest.mark.parametrize("up_to", [actions.REQUEST_SUBMITTED, actions.REQUEST_APPROVED])
def test_all_that_was_done_was_taken_out(ended: ReimageRequest, auditor: Client, up_to: object) -> None:
    take_out(after(ended, up_to))
    pack = TakenPack.by(auditor, ended.pk)
    assert said(pack) == []
    assert "No end of the request is among the events that can be read." in pack.words()
    assert pack.words().count("No step of this machine is among the events that can be read.") == 2


def test_an_end_alone_that_was_taken_out(ended: ReimageRequest, auditor: Client) -> None:
    take_out([event_of(ended, actions.REQUEST_FINISHED)])
    assert said(TakenPack.by(auditor, ended.pk)) == []


def test_what_was_done_to_one_machine_was_taken_out(
    asked: ReimageRequest, auditor: Client, bob: User, log: SealedLog
) -> None:
    """The request runs, by its row and by what is there: the machine's own row tells."""
    stories.approve(bob, asked)
    first, second = asked.operations.order_by("pk")
    stories.advance(first)
    log.seal()
    assert "Nothing was done to this machine." in TakenPack.by(auditor, asked.pk).words(), "to the second, truly"
    number = AuditEvent.objects.filter(subject=asked.audit_subject).count()
    stories.advance(second)
    log.seal()
    take_out(list(AuditEvent.objects.filter(subject=asked.audit_subject, sequence__gt=number)))
    pack = TakenPack.by(auditor, asked.pk)
    assert said(pack) == []
    assert "No step of this machine is among the events that can be read." in pack.words()


def test_what_is_not_sealed_yet_is_not_missing(asked: ReimageRequest, auditor: Client, bob: User) -> None:
    stories.approve(bob, asked)
    words = TakenPack.by(auditor, asked.pk).words()
    assert "1 event was not sealed yet and is left out." in words
    assert "Nobody had decided yet." in words


def test_an_operations_page_without_any_event_does_not_say_that_nothing_was_recorded(
    ended: ReimageRequest, auditor: Client
) -> None:
    run("UPDATE audit_auditevent SET subject = '', sequence = NULL, previous_digest = '' WHERE subject <> ''")
    page = auditor.get(f"/requests/{ended.pk}/operations/{ended.operations.all()[0].pk}/").content.decode()
    assert "No step of this machine is among the events that can be read." in page
