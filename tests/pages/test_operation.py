"""An operation's page: every attempt with its evidence, what was concluded and why, and what comes next."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.db import transaction
from django.http import HttpResponse
from django.utils import timezone

from portal.audit.actors import Actor, Target
from portal.audit.models import AuditEvent
from portal.audit.services import record
from portal.identity.models import User
from reimage import audit_actions, wording
from reimage.domain.operation_states import OperationState
from reimage.domain.parameters import ReimageParameters
from reimage.models import ReimageOperation
from reimage.operation_story import story_of
from reimage.services import attention
from reimage.wording.steps import STEPS
from tests import stories
from tests.cast import client_of
from tests.pages.reading import queries, source, words
from tests.sandbox_process import SandboxProcess
from tests.stories import advance, advance_to, age, approved, bear_out, draft

POST = {"verb": "POST", "vm": "web-02"}


def address_of(operation: ReimageOperation) -> str:
    return f"/requests/{operation.reimage_request_id}/operations/{operation.pk}/"


def show(person: User, operation: ReimageOperation) -> HttpResponse:
    return client_of(person).get(address_of(operation))


def test_times_are_in_the_readers_zone(operation: ReimageOperation, alice: User) -> None:
    advance_to(operation, OperationState.IN_PROGRESS)
    User.objects.filter(pk=alice.pk).update(time_zone="Asia/Tokyo")
    text = words(show(alice, operation))
    read_at = datetime.fromisoformat(operation.evidence["read_at"]).astimezone(ZoneInfo("Asia/Tokyo"))
    assert f"Read at {read_at:%Y-%m-%d %H:%M:%S} JST" in text
    assert operation.evidence["read_at"] not in text


@pytest.fixture
def operation(azure: SandboxProcess, alice: User, bob: User) -> ReimageOperation:
    return approved(alice, bob, "web-02").operations.get()


def test_one_that_succeeded_shows_each_step_with_azures_ids(
    operation: ReimageOperation, azure: SandboxProcess, carol: User
) -> None:
    stories.run(operation.reimage_request, azure)
    operation.refresh_from_db()
    page = show(carol, operation)
    text = words(page)
    steps = ["Reimage requested", "Request approved", "Reimage about to be sent", "Reimage accepted by Azure"]
    places = [text.index(step) for step in [*steps, "Machine reimaged and verified", "Request finished"]]
    assert places == sorted(places)
    for told in (operation.client_request_id, operation.azure_request_id, operation.operation_url):
        assert str(told) in text
    assert operation.evidence["os_disk_id"] in text
    assert "Azure took the reimage on. The portal never sends it again." in text
    assert "What happens next Nothing. It has ended." in text
    assert "The portal itself" in text
    assert [attempt.title for attempt in story_of(operation)] == ["Request and decision", "Attempt 1"]


def test_each_refused_attempt_is_a_section_of_its_own_with_azures_words(
    operation: ReimageOperation, azure: SandboxProcess, alice: User
) -> None:
    azure.faults("status", match=POST, status=409, code="Conflict", message="Busy <b>now</b>.", times=1)
    azure.faults("status", match=POST, status=429, code="TooMany", message="Slower.", times=1)
    for _ in range(2):
        bear_out(advance(operation), azure)
    assert advance(operation).state == OperationState.IN_PROGRESS
    page = show(alice, operation)
    titles = [attempt.title for attempt in story_of(operation)]
    assert titles == ["Request and decision", "Attempt 1", "Attempt 2", "Attempt 3"]
    assert "Azure's words: Conflict Busy <b>now</b>." in words(page)
    assert "<b>now</b>" not in source(page)
    assert "it first looks whether nothing was executed" in words(page)


def test_a_lost_answer_says_that_it_is_not_sent_again_and_leads_an_administrator_on(
    operation: ReimageOperation, azure: SandboxProcess, dan: User
) -> None:
    azure.faults("reset_before", match=POST, times=1)
    advance_to(operation, OperationState.OUTCOME_UNKNOWN)
    assert "The portal does not send it again, it looks for evidence." in words(show(dan, operation))
    age(operation, timedelta(hours=1))
    advance_to(operation, OperationState.NEEDS_ATTENTION)
    page = show(dan, operation)
    assert "There is no evidence that Azure accepted the reimage" in words(page)
    assert f'href="/requests/{operation.reimage_request_id}/#attention-{operation.pk}"' in source(page)
    attention.settle_operation(
        administrator=dan,
        operation_id=operation.pk,
        executed=False,
        comment="I looked.",
        confirmation=operation.name,
        now=timezone.now(),
    )
    text = words(show(dan, operation))
    assert "Settled by an administrator" in text
    assert "I looked." in text


def test_what_stopped_it_is_told_field_by_field(operation: ReimageOperation, azure: SandboxProcess, bob: User) -> None:
    azure.drift("web-02", recreate=True)
    advance(operation)
    text = words(show(bob, operation))
    assert "Something is not as it was approved. The portal stopped; no reimage was executed." in text
    assert "VM id (another machine of the same name): b0000000-0000-4000-8000-000000000002 in the plan" in text
    assert "Checks before attempt 1" in text


def test_another_machines_steps_are_not_mixed_in(azure: SandboxProcess, alice: User, bob: User) -> None:
    first, second = approved(alice, bob, "web-02", "web-03").operations.all()
    advance_to(first, OperationState.IN_PROGRESS)
    assert "Reimage accepted by Azure" in words(show(alice, first))
    assert "Reimage accepted by Azure" not in words(show(alice, second))


def test_only_the_auditor_is_led_to_the_events_and_back(operation: ReimageOperation, alice: User, carol: User) -> None:
    advance(operation)
    assert 'href="/audit/' in source(show(carol, operation)).partition("<main")[2]
    assert 'href="/audit/' not in source(show(alice, operation)).partition("<main")[2]
    event = AuditEvent.objects.get(action=audit_actions.OPERATION_ACCEPTED.name)
    assert f'href="{address_of(operation)}"' in source(client_of(carol).get(f"/audit/{event.event_id}/"))


def test_the_requests_page_leads_to_it(operation: ReimageOperation, alice: User) -> None:
    page = client_of(alice).get(f"/requests/{operation.reimage_request_id}/")
    assert f'href="{address_of(operation)}"' in source(page)


def test_a_stranger_a_draft_and_a_wrong_pair_are_not_found(operation: ReimageOperation, alice: User, eve: User) -> None:
    assert show(eve, operation).status_code == 404
    unsent = draft(alice, "web-03").operations.get()
    assert show(alice, unsent).status_code == 404
    wrong = f"/requests/{unsent.reimage_request_id}/operations/{operation.pk}/"
    assert client_of(alice).get(wrong).status_code == 404


def test_it_costs_the_same_however_much_has_happened(operation: ReimageOperation, alice: User) -> None:
    browser, address = client_of(alice), address_of(operation)
    short = queries(browser, address)
    for _ in range(40):
        note_something(operation)
    assert queries(browser, address) == short
    assert short <= 10


def test_what_an_older_or_newer_version_recorded_does_not_break_it(operation: ReimageOperation, alice: User) -> None:
    note_something(operation, code="forgotten_code", params="not a mapping")
    assert "Reimage refused by Azure" in words(show(alice, operation))


def test_no_secret_is_on_it(azure: SandboxProcess, alice: User, bob: User) -> None:
    parameters = ReimageParameters(admin_password="Correct-Horse-7")
    secretive = approved(alice, bob, "web-02", parameters=parameters).operations.get()
    advance_to(secretive, OperationState.IN_PROGRESS)
    assert "Correct-Horse-7" not in source(show(alice, secretive))


def test_every_state_says_what_comes_next_and_every_action_of_an_operation_what_it_means() -> None:
    assert set(wording.NEXT) == set(OperationState)
    ours = ("OPERATION_", "DELETE_OPTION", "PASSWORD_GIVEN", "SECRETS_")
    actions = {value.name for name, value in vars(audit_actions).items() if name.startswith(ours)}
    assert actions == set(STEPS)


def note_something(operation: ReimageOperation, *, code: str = "throttled", params: object = None) -> None:
    """One more event about the operation."""
    with transaction.atomic():
        record(
            action=audit_actions.OPERATION_REFUSED,
            actor=Actor.system("worker"),
            target=Target("virtual_machine", operation.plan["resource_id"], operation.name),
            subject=operation.reimage_request.audit_subject,
            detail={"operation": operation.pk, "code": code, "params": params or {}, "status": 429},
        )
