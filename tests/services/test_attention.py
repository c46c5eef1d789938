"""An administrator settles what evidence could not; never with a second POST."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from portal.audit.models import AuditEvent
from portal.errors import NotAllowed, NotFound, WrongState
from portal.identity.models import User
from reimage.domain.operation_states import OperationState
from reimage.domain.request_states import RequestState
from reimage.models import Notice, ReimageOperation
from reimage.services import attention
from reimage.services.attention import settle_operation
from tests.cast import DAN, EVE, make_user
from tests.sandbox_process import SandboxProcess
from tests.stories import advance, advance_to, age, approved, posts, run


@pytest.fixture
def unsettled(azure: SandboxProcess, alice: User, bob: User) -> ReimageOperation:
    """An operation without evidence: the POST was reset, and the quarantine is over."""
    azure.faults("reset_before", match={"verb": "POST", "path_contains": "/reimage"})
    operation = advance_to(approved(alice, bob, "web-02").operations.get(), OperationState.OUTCOME_UNKNOWN)
    age(operation, timedelta(minutes=21))
    return advance_to(operation, OperationState.NEEDS_ATTENTION)


def settle(
    person: User,
    operation: ReimageOperation,
    *,
    executed: bool,
    comment: str = "Looked at it.",
    confirmation: str = "web-02",
) -> ReimageOperation:
    return settle_operation(
        administrator=person,
        operation_id=operation.pk,
        executed=executed,
        comment=comment,
        confirmation=confirmation,
        now=timezone.now(),
    )


def test_it_did_not_take_place(azure: SandboxProcess, unsettled: ReimageOperation, dan: User) -> None:
    settled = settle(dan, unsettled, executed=False)
    assert (settled.state, settled.note["code"]) == (OperationState.FAILED, "settled_as_not_executed")
    assert settled.finished_at is not None
    assert settled.reimage_request.state == RequestState.FAILED
    assert Notice.objects.filter(kind="finished").count() == 1
    event = AuditEvent.objects.get(action="reimage_operation.settled")
    assert event.actor_text == "Dan Date"
    assert event.texts["/detail/comment"] == "Looked at it."
    assert len(posts(azure)) == 1


def test_it_took_place_and_is_verified_like_any_other(
    azure: SandboxProcess, unsettled: ReimageOperation, dan: User
) -> None:
    azure.drift("web-02", replace_os_disk=True)
    settled = settle(dan, unsettled, executed=True)
    assert (settled.state, settled.note["code"]) == (OperationState.VERIFYING, "settled_as_executed")
    assert run(settled.reimage_request, azure).state == RequestState.COMPLETED_WITH_PROBLEMS
    assert len(posts(azure)) == 1


def test_hours_later_it_still_has_its_time_to_be_verified(
    azure: SandboxProcess, unsettled: ReimageOperation, dan: User
) -> None:
    """The call left long ago; what is looked at begins with the administrator's word."""
    age(unsettled, timedelta(hours=3))
    settled = settle(dan, unsettled, executed=True)
    azure.faults("status", match={"verb": "GET", "vm": "web-02"}, status=503)
    operation = advance(settled)
    assert (operation.state, operation.note["code"]) == (OperationState.VERIFYING, "azure_unavailable")


def test_a_word_against_the_evidence_is_reported(azure: SandboxProcess, unsettled: ReimageOperation, dan: User) -> None:
    advance(settle(dan, unsettled, executed=True))
    unsettled.refresh_from_db()
    assert [finding["code"] for finding in unsettled.findings] == ["os_disk_not_replaced"]


def test_only_an_administrator_settles(unsettled: ReimageOperation, alice: User, bob: User, carol: User) -> None:
    for person in (alice, bob, carol):
        with pytest.raises(NotAllowed, match=r"Reimage\.Administrator"):
            settle(person, unsettled, executed=False)
    unsettled.refresh_from_db()
    assert unsettled.state == OperationState.NEEDS_ATTENTION


def test_it_needs_a_reason(unsettled: ReimageOperation, dan: User) -> None:
    with pytest.raises(NotAllowed, match="Say what you looked at"):
        settle(dan, unsettled, executed=False, comment=" ")


@pytest.mark.parametrize("typed", ["", "web-01", "web-02 web-02"])
def test_it_needs_the_machines_name(unsettled: ReimageOperation, dan: User, typed: str) -> None:
    with pytest.raises(NotAllowed, match="Type “web-02” to confirm"):
        settle(dan, unsettled, executed=False, confirmation=typed)
    unsettled.refresh_from_db()
    assert unsettled.state == OperationState.NEEDS_ATTENTION


def test_the_second_of_two_at_the_same_time_is_told_who_was_first(
    unsettled: ReimageOperation, dan: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both read the case while it waited; the database lets one of them through."""
    erin = make_user(EVE, display_name="Erin Eto", app_roles=DAN.app_roles)
    check = attention._check_words

    def check_while_erin_settles(*args: Any) -> None:
        monkeypatch.setattr(attention, "_check_words", check)
        settle(erin, unsettled, executed=True)
        check(*args)

    monkeypatch.setattr(attention, "_check_words", check_while_erin_settles)
    with pytest.raises(WrongState, match=r"Erin Eto already settled it at .*: the reimage took place"):
        settle(dan, unsettled, executed=False)
    unsettled.refresh_from_db()
    assert unsettled.state == OperationState.VERIFYING
    assert AuditEvent.objects.filter(action="reimage_operation.settled").count() == 1


def test_it_still_says_so_when_the_machine_was_verified_since(
    azure: SandboxProcess, unsettled: ReimageOperation, dan: User
) -> None:
    azure.drift("web-02", replace_os_disk=True)
    run(settle(dan, unsettled, executed=True).reimage_request, azure)
    with pytest.raises(WrongState, match="Dan Date already settled it"):
        settle(dan, unsettled, executed=False)


def test_it_is_settled_once(unsettled: ReimageOperation, dan: User) -> None:
    settle(dan, unsettled, executed=False)
    erin = make_user(EVE, display_name="Erin Eto", app_roles=DAN.app_roles)
    with pytest.raises(WrongState, match=r"Dan Date already settled it at \d{4}-.*: the reimage did not take place"):
        settle(erin, unsettled, executed=True)
    unsettled.refresh_from_db()
    assert unsettled.state == OperationState.FAILED
    assert AuditEvent.objects.filter(action="reimage_operation.settled").count() == 1


def test_there_must_be_such_an_operation(unsettled: ReimageOperation, dan: User) -> None:
    unsettled.pk = 999_999
    with pytest.raises(NotFound):
        settle(dan, unsettled, executed=False)
