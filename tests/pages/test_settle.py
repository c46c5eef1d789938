"""An operation that evidence could not settle waits for an administrator's word."""

import pytest
from django.http import HttpResponse

from portal.identity.models import User
from reimage.domain.operation_states import OperationState
from reimage.models import ReimageOperation
from tests.cast import client_of
from tests.pages.reading import form_actions, source, words
from tests.sandbox_process import SandboxProcess
from tests.stories import approve, request_reimage, run


@pytest.fixture
def waiting(azure: SandboxProcess, alice: User, bob: User) -> ReimageOperation:
    made = request_reimage(alice, "web-02")
    azure.faults("foreign_operation_host", match={"verb": "POST", "vm": "web-02"})
    operation = run(approve(bob, made), azure).operations.get()
    assert operation.state == OperationState.NEEDS_ATTENTION
    return operation


def settle(person: User, operation: ReimageOperation, **fields: str) -> HttpResponse:
    return client_of(person).post(f"/operations/{operation.pk}/settle", {"confirmation": operation.name, **fields})


def state_of(operation: ReimageOperation) -> str:
    return ReimageOperation.objects.get(pk=operation.pk).state


def test_the_administrator_gets_to_the_form_and_the_others_an_explanation(
    waiting: ReimageOperation, alice: User, dan: User
) -> None:
    address = f"/requests/{waiting.reimage_request_id}/"
    page = client_of(dan).get(address)
    assert form_actions(page) == set()
    assert f'href="/attention/{waiting.pk}/"' in source(page)
    assert "web-02 needs an administrator" in words(page)
    assert "points to a foreign address" in words(page)
    assert form_actions(client_of(dan).get(f"/attention/{waiting.pk}/")) == {f"/operations/{waiting.pk}/settle"}
    page = client_of(alice).get(address)
    assert f'href="/attention/{waiting.pk}/"' not in source(page)
    assert "Only people with the app role Reimage.Administrator" in words(page)


@pytest.mark.parametrize(("executed", "state"), [("yes", OperationState.VERIFYING), ("no", OperationState.FAILED)])
def test_the_administrators_word_goes_on_from_there(
    waiting: ReimageOperation, dan: User, executed: str, state: str
) -> None:
    answer = settle(dan, waiting, executed=executed, comment="The Activity Log shows it.")
    assert answer["Location"] == f"/requests/{waiting.reimage_request_id}/"
    assert state_of(waiting) == state
    assert "The Activity Log shows it." in words(client_of(dan).get(answer["Location"]))


@pytest.mark.parametrize(
    ("fields", "missing"),
    [
        ({"executed": "yes"}, "comment"),
        ({"comment": "I looked."}, "executed"),
        ({"executed": "maybe", "comment": "?"}, "executed"),
        ({"executed": "yes", "comment": "I looked.", "confirmation": ""}, "confirmation"),
        ({"executed": "yes", "comment": "I looked.", "confirmation": "web-01"}, "confirmation"),
    ],
)
def test_half_a_word_is_none(waiting: ReimageOperation, dan: User, fields: dict[str, str], missing: str) -> None:
    answer = settle(dan, waiting, **fields)
    assert answer.status_code == 422
    assert form_actions(answer) == {f"/operations/{waiting.pk}/settle"}
    assert f'id="settle-{waiting.pk}-{missing}_error"' in source(answer)
    assert state_of(waiting) == OperationState.NEEDS_ATTENTION


def test_what_was_said_is_kept_while_the_rest_is_asked_for(waiting: ReimageOperation, dan: User) -> None:
    answer = settle(dan, waiting, comment="The Activity Log shows it.")
    assert "Say whether the reimage took place." in words(answer)
    assert "The Activity Log shows it." in words(answer)
    answer = settle(dan, waiting, executed="no", comment=" ")
    assert "Say what you looked at; the audit log keeps it as the reason." in words(answer)


def test_it_is_settled_once(waiting: ReimageOperation, dan: User) -> None:
    settle(dan, waiting, executed="no", comment="Nothing in the log.")
    answer = settle(dan, waiting, executed="yes", comment="Or was there?")
    assert answer.status_code == 409
    assert "Dan Date already settled it at" in words(answer)
    assert f'href="/requests/{waiting.reimage_request_id}/"' in source(answer)
    assert state_of(waiting) == OperationState.FAILED
    assert settle(dan, waiting).status_code == 409


def test_nobody_else_settles_it(waiting: ReimageOperation, alice: User, bob: User, carol: User, eve: User) -> None:
    for person in (alice, bob, carol, eve):
        answer = settle(person, waiting, executed="yes", comment="Trust me.")
        assert answer.status_code == 403
        assert "Reimage.Administrator" in words(answer)
    assert state_of(waiting) == OperationState.NEEDS_ATTENTION


def test_no_link_settles_it(waiting: ReimageOperation, dan: User) -> None:
    assert client_of(dan).get(f"/operations/{waiting.pk}/settle").status_code == 405


@pytest.mark.parametrize("fields", [{}, {"executed": "no", "comment": "I looked."}])
def test_an_unknown_operation_is_not_found(db: None, dan: User, fields: dict[str, str]) -> None:
    assert client_of(dan).post("/operations/1/settle", fields).status_code == 404
