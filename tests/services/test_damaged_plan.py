"""A stored plan that is none, by a hand in the database: never executed, told as such, every way out is open."""

from http import HTTPStatus
from typing import Any

import pytest
from django.db import models
from django.utils import timezone
from pytest_django import Settings

from portal.audit.models import AuditEvent
from portal.identity.models import User
from reimage.domain.operation_states import OperationState as State
from reimage.domain.parameters import ReimageParameters
from reimage.domain.request_states import RequestState
from reimage.models import ReimageOperation, ReimageRequest, SealedSecret
from reimage.services import crashes, decision
from reimage.services.awaited_passwords import expire_awaited_passwords
from reimage.services.decision import cancel_reimage_request, expire_reimage_requests
from tests.cast import client_of
from tests.pages.reading import words
from tests.passwords import AT_RELEASE, PASSWORD
from tests.sandbox_process import SandboxProcess
from tests.services.test_attention import settle
from tests.stories import advance, advance_to, approved, draft, posts, request_reimage

DAMAGE: list[Any] = [None, [], {}, "text", {"schema": 1}]
SECRET = ReimageParameters(admin_password="Correct-Horse-7")


def damage(operations: Any, plan: Any = None) -> None:
    operations.update(plan=models.Value(plan, models.JSONField()))


def damaged(operation: ReimageOperation) -> ReimageOperation:
    damage(ReimageOperation.objects.filter(pk=operation.pk))
    operation.refresh_from_db()
    return operation


@pytest.mark.parametrize("plan", DAMAGE)
def test_before_the_post_the_whole_request_goes_back_to_the_people(
    azure: SandboxProcess, alice: User, bob: User, plan: Any
) -> None:
    reimage_request = approved(alice, bob, "web-02", "web-04", parameters=SECRET)
    damage(reimage_request.operations.filter(name="web-02"), plan)
    for operation in reimage_request.operations.all():
        assert advance(operation).state == State.DRIFTED
        assert [finding["code"] for finding in operation.findings] == ["plan_is_not_the_approved_one"]
    assert posts(azure) == []
    assert not SealedSecret.objects.exists()


@pytest.mark.parametrize("state", [State.IN_PROGRESS, State.OUTCOME_UNKNOWN, State.VERIFYING])
def test_after_it_an_administrator_settles_it_by_what_azures_portal_shows(
    azure: SandboxProcess, alice: User, bob: User, dan: User, state: State
) -> None:
    if state == State.OUTCOME_UNKNOWN:
        azure.faults("accepted_then_lost", match={"verb": "POST", "path_contains": "/reimage"})
    operation = approved(alice, bob, "web-02").operations.get()
    if state == State.VERIFYING:
        advance_to(operation, State.IN_PROGRESS)
        azure.advance_clock(100)
    damaged(advance_to(operation, state))
    for _ in range(crashes.MAX_CRASHES):
        advance(operation)
    assert (operation.state, operation.note["code"]) == (State.NEEDS_ATTENTION, "step_given_up_after_post")
    page = client_of(dan).get(f"/attention/{operation.pk}/")
    assert page.status_code == HTTPStatus.OK
    assert "is damaged and cannot be shown" in words(page)
    assert settle(dan, operation, executed=False).state == State.FAILED
    assert len(posts(azure)) == 1


@pytest.mark.parametrize("plan", DAMAGE)
def test_it_can_be_withdrawn_rejected_and_expire(azure: SandboxProcess, alice: User, bob: User, plan: Any) -> None:
    withdrawn, rejected, expired = (request_reimage(alice, name) for name in ("web-01", "web-02", "web-04"))
    damage(ReimageOperation.objects, plan)
    cancel_reimage_request(requester=alice, reimage_request_id=withdrawn.pk, now=timezone.now())
    decision.reject_reimage_request(
        approver=bob, reimage_request_id=rejected.pk, comment="It is damaged.", now=timezone.now()
    )
    assert expire_reimage_requests(now=expired.expires_at) == 1
    assert set(ReimageRequest.objects.values_list("state", flat=True)) == {
        RequestState.CANCELED,
        RequestState.REJECTED,
        RequestState.EXPIRED,
    }
    named = AuditEvent.objects.filter(action="reimage_request.rejected").get()
    assert "web-02" in named.search_text or "web-02" in str(named.body)


def test_one_that_waits_for_its_password_ends_in_time(
    azure: SandboxProcess, alice: User, bob: User, settings: Settings
) -> None:
    settings.PASSWORD_MODE = "at_release"
    operation = approved(alice, bob, "web-02", parameters=AT_RELEASE).operations.get()
    assert expire_awaited_passwords(now=damaged(operation).next_at or timezone.now()) == 1
    operation.refresh_from_db()
    assert operation.state == State.EXPIRED


def test_a_password_that_is_given_for_it_is_not_taken_and_the_page_says_why(
    azure: SandboxProcess, alice: User, bob: User, settings: Settings
) -> None:
    settings.PASSWORD_MODE = "at_release"
    operation = damaged(approved(alice, bob, "web-02", parameters=AT_RELEASE).operations.get())
    path = f"/requests/{operation.reimage_request_id}/"
    typed = {"operations": [operation.pk], "admin_password": PASSWORD, "admin_password_again": PASSWORD}
    page = client_of(alice).post(f"{path}password", typed)
    assert page.status_code == HTTPStatus.INTERNAL_SERVER_ERROR
    assert "is damaged and cannot be shown" in words(page)
    assert f'href="{path}operations/{operation.pk}/"' in page.content.decode()
    assert PASSWORD not in page.content.decode()
    assert not SealedSecret.objects.exists()


@pytest.mark.parametrize("language", ["en", "ja"])
def test_its_page_says_so_and_no_other_fails_of_it(
    azure: SandboxProcess, alice: User, bob: User, language: str
) -> None:
    User.objects.update(language=language)
    operation = damaged(request_reimage(alice, "web-02").operations.get())
    shown = f"/requests/{operation.reimage_request_id}/"
    page = client_of(alice).get(shown)
    assert page.status_code == HTTPStatus.INTERNAL_SERVER_ERROR
    assert {"en": "is damaged and cannot be shown", "ja": "破損しているため表示できません"}[language] in words(page)
    assert f'href="{shown}operations/{operation.pk}/"' in page.content.decode()
    for person in (alice, bob):
        client = client_of(person)
        machine = f"/machines/{operation.virtual_machine_id}/"
        others = ["/", "/requests/", "/approvals/", machine, f"{shown}operations/{operation.pk}/"]
        assert {path: client.get(path).status_code for path in others} == dict.fromkeys(others, HTTPStatus.OK)


@pytest.mark.parametrize(
    "body",
    [
        {"osProfile": {"adminPassword": "text"}},
        {"osProfile": 7},
        "text",
        {"osProfile": {"adminPassword": {"mode": "x"}}},
    ],
)
def test_a_body_that_is_none_is_a_damaged_plan_too(azure: SandboxProcess, alice: User, bob: User, body: Any) -> None:
    operation = approved(alice, bob, "web-02", parameters=SECRET).operations.get()
    ReimageOperation.objects.filter(pk=operation.pk).update(plan=operation.plan | {"body": body})
    assert advance(operation).state == State.DRIFTED
    assert posts(azure) == []


def test_the_story_of_a_machine_does_not_get_lost_with_its_plan(
    azure: SandboxProcess, alice: User, bob: User, dan: User
) -> None:
    azure.faults("accepted_then_lost", match={"verb": "POST", "path_contains": "/reimage"})
    operation = advance_to(approved(alice, bob, "web-02").operations.get(), State.OUTCOME_UNKNOWN)
    page = f"/requests/{operation.reimage_request_id}/operations/{operation.pk}/"
    damaged(operation)
    told = words(client_of(dan).get(page))
    assert "Attempt 1" in told
    assert str(operation.client_request_id) in told


@pytest.mark.parametrize("language", ["en", "ja"])
@pytest.mark.parametrize("column", ["note", "findings"])
@pytest.mark.parametrize(
    "value", [None, 7, "text", {"code": None}, ["text"], {"code": "drifted"}, {"code": "azure_refused", "params": "x"}]
)
def test_a_note_or_finding_that_is_none_closes_no_page(
    azure: SandboxProcess, alice: User, bob: User, dan: User, column: str, value: Any, language: str
) -> None:
    User.objects.update(language=language)
    azure.faults("reset_before", match={"verb": "POST", "path_contains": "/reimage"})
    operation = advance_to(approved(alice, bob, "web-02").operations.get(), State.OUTCOME_UNKNOWN)
    rows = ReimageOperation.objects.filter(pk=operation.pk)
    rows.update(state=State.NEEDS_ATTENTION, next_at=None, **{column: models.Value(value, models.JSONField())})
    client, shown = client_of(dan), f"/requests/{operation.reimage_request_id}/"
    pages = [
        "/attention/",
        f"/attention/{operation.pk}/",
        shown,
        f"{shown}progress",
        f"{shown}operations/{operation.pk}/",
    ]
    assert {path: client.get(path).status_code for path in pages} == dict.fromkeys(pages, HTTPStatus.OK)


def test_a_draft_that_is_damaged_keeps_nobody_from_a_new_one(azure: SandboxProcess, alice: User) -> None:
    operation = damaged(draft(alice, "web-02").operations.get())
    client = client_of(alice)
    assert client.get(f"/requests/new?vm={operation.virtual_machine_id}").status_code == HTTPStatus.OK
    assert words(client.get(f"/requests/{operation.reimage_request_id}/review")).count("is damaged") == 1


def test_approving_one_explains_itself(azure: SandboxProcess, alice: User, bob: User) -> None:
    pending = request_reimage(alice, "web-02")
    damage(pending.operations)
    page = client_of(bob).post(f"/requests/{pending.pk}/approve", {"digest": pending.digest, "comment": ""})
    assert page.status_code == HTTPStatus.INTERNAL_SERVER_ERROR
    assert "is damaged and cannot be shown" in words(page)
    pending.refresh_from_db()
    assert pending.state == RequestState.PENDING_APPROVAL
