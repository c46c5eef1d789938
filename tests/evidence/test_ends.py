"""What a pack says of the end: of a request that ran, whatever was done after it, and of one that never ran."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone, translation

from portal.identity.models import User
from reimage import audit_actions, wording
from reimage.domain.operation_states import OperationState
from reimage.models import ReimageRequest
from reimage.services import decision
from tests import stories
from tests.audit.sealing.logs import SealedLog
from tests.evidence.packs import TakenPack
from tests.passwords import GENERATED, show_password
from tests.sandbox_process import SandboxProcess

NOT_YET = {"en": "The request had not ended yet", "ja": "申請はまだ終了していませんでした"}
DECIDERS = {"en": "Who asked, and who decided", "ja": "申請者と判断した人"}


def taken(auditor: Client, log: SealedLog, reimage_request: ReimageRequest) -> TakenPack:
    log.seal()
    log.anchor()
    return TakenPack.by(auditor, reimage_request.pk)


def reject(made: ReimageRequest, _alice: User, bob: User) -> None:
    decision.reject_reimage_request(approver=bob, reimage_request_id=made.pk, comment="No.", now=timezone.now())


def cancel(made: ReimageRequest, alice: User, _bob: User) -> None:
    decision.cancel_reimage_request(requester=alice, reimage_request_id=made.pk, now=timezone.now())


def cancel_approved(made: ReimageRequest, alice: User, bob: User) -> None:
    stories.approve(bob, made)
    cancel(made, alice, bob)


def expire(made: ReimageRequest, _alice: User, _bob: User) -> None:
    assert made.expires_at is not None
    assert decision.expire_reimage_requests(now=made.expires_at) == 1


@pytest.mark.parametrize("end", [reject, cancel, cancel_approved, expire])
def test_a_request_that_ended_unsent_ended(
    asked: ReimageRequest,
    auditor: Client,
    log: SealedLog,
    alice: User,
    bob: User,
    end: Callable[[ReimageRequest, User, User], None],
) -> None:
    before = taken(auditor, log, asked)
    end(asked, alice, bob)
    after = taken(auditor, log, asked)
    for language, not_yet in NOT_YET.items():
        assert before.words(language).count(not_yet) == 2
        assert not_yet not in after.words(language)
        with translation.override(language):
            ended = str(wording.OPERATION_STATES[OperationState.CANCELED])
        assert after.words(language).count(ended) >= 2


def test_a_password_that_is_asked_for_afterwards_changes_nothing(
    azure: SandboxProcess, log: SealedLog, auditor: Client, alice: User, bob: User, settings: Any
) -> None:
    settings.PASSWORD_MODE = "generated"
    made = stories.run(stories.approved(alice, bob, "web-02", parameters=GENERATED), azure)
    before = taken(auditor, log, made)
    show_password(
        requester=alice,
        reimage_request_id=made.pk,
        operation_id=made.operations.get().pk,
        private_key=None,
        now=timezone.now(),
    )
    after = taken(auditor, log, made)
    for language, not_yet in NOT_YET.items():
        assert not_yet not in after.words(language)
        assert people(after, language) == people(before, language)
        with translation.override(language):
            assert str(audit_actions.PASSWORD_ASKED) in after.words(language)  # in the machine's own part


def test_what_was_weighed_after_a_lost_answer_is_in_it(
    azure: SandboxProcess, log: SealedLog, auditor: Client, alice: User, bob: User
) -> None:
    made = stories.approved(alice, bob, "web-02")
    azure.faults("accepted_then_lost", match={"verb": "POST", "path_contains": "/reimage"})
    pack = taken(auditor, log, stories.run(made, azure))
    (event,) = (event for event in pack.events() if event["action"] == audit_actions.OPERATION_RECONCILED.name)
    evidence = event["detail"]["evidence"]
    for language, title in {"en": "What was weighed", "ja": "判断に用いた証拠"}.items():
        weighed = pack.words(language).partition(title)[2]
        assert evidence["os_disk_id_before"] in weighed
        assert evidence["os_disk_id_seen"] in weighed
        with translation.override(language):
            assert str(wording.EVIDENCE["disk_replaced"]) in weighed


def people(pack: TakenPack, language: str) -> str:
    """The part about who asked and decided, up to the first machine."""
    return pack.words(language).partition(DECIDERS[language])[2].partition("web-02")[0]
