"""What neither Graph nor Entra ID says ends no session, and is told."""

from typing import Any

import pytest
from pytest_django import Settings
from structlog.testing import capture_logs

from portal.errors import Unavailable
from portal.identity.accounts import AccountsUnknown
from portal.identity.models import Session, User
from tests.cast import ALICE, BOB, EVE, client_of, make_user
from tests.identity.closed_accounts import TOKEN, USERS, check, has_account, is_signed_in
from tests.identity.entra_server import EntraServer

pytestmark = pytest.mark.django_db

REFUSED = {"error": {"code": "Authorization_RequestDenied", "message": "Bearer for-graph may not."}}


def row(**differences: object) -> dict[str, object]:
    """Alice's, as Graph would not tell it."""
    whole = {"id": str(ALICE.object_id), "accountEnabled": True, "signInSessionsValidFromDateTime": None}
    return {name: value for name, value in (whole | differences).items() if value != "left out"}


UNREADABLE = {
    "no permission": (403, REFUSED, {}),
    "away": (503, "<html>Service Unavailable</html>", {}),
    "an error without a code": (400, {"error": "?"}, {}),
    "no list": (200, {}, {}),
    "another kind of list": (200, {"value": {}}, {}),
    "a part of the list": (200, {"value": [], "@odata.nextLink": "https://graph.example.com/next"}, {}),
    "no JSON": (200, "<html>", {}),
    "a list of something else": (200, {"value": [str(ALICE.object_id)]}, {}),
    "nothing about being enabled": (200, {"value": [row(accountEnabled="left out")]}, {}),
    "neither enabled nor disabled": (200, {"value": [row(accountEnabled=None)]}, {}),
    "a time that is none": (200, {"value": [row(signInSessionsValidFromDateTime="never")]}, {}),
    "elsewhere": (302, "", {"Location": "https://graph.example.com/"}),
}


@pytest.mark.parametrize("answer", UNREADABLE.values(), ids=UNREADABLE)
def test_without_an_answer_nobody_is_signed_out(
    entra: EntraServer, alice: User, bob: User, answer: tuple[int, Any, dict[str, str]]
) -> None:
    has_account(entra, ALICE, BOB)
    clients = [client_of(alice), client_of(bob)]
    entra.answers[USERS] = answer
    with capture_logs() as logs, pytest.raises(AccountsUnknown):
        check()
    assert all(is_signed_in(client) for client in clients)
    [line] = [line for line in logs if line["event"] == "accounts.unknown"]
    assert "for-graph" not in str(logs)
    assert line["cause"].startswith("Graph")


def test_an_account_that_was_not_asked_for_is_nobodys(entra: EntraServer, alice: User, bob: User) -> None:
    has_account(entra, ALICE, BOB)
    hers, his = client_of(alice), client_of(bob)
    stranger = row(id=str(EVE.object_id), accountEnabled=False)
    entra.answers[USERS] = (200, {"value": [row(), row(id=str(BOB.object_id)), stranger]}, {})
    check()
    assert is_signed_in(hers)
    assert is_signed_in(his)


def test_one_account_that_cannot_be_judged_hides_no_other(entra: EntraServer, alice: User, bob: User) -> None:
    has_account(entra, ALICE, accountEnabled=False)
    has_account(entra, BOB, accountEnabled=None)
    hers, his = client_of(alice), client_of(bob)
    with pytest.raises(AccountsUnknown, match="of 1 accounts; 1 sessions ended"):
        check()
    assert [is_signed_in(hers), is_signed_in(his)] == [False, True]


def test_an_account_that_is_too_new_for_the_list_is_not_taken_for_deleted(entra: EntraServer, alice: User) -> None:
    has_account(entra, ALICE)
    hers = client_of(alice)
    entra.answers[USERS] = (200, {"value": []}, {})
    with pytest.raises(AccountsUnknown, match="of 1 accounts"):
        check()
    assert is_signed_in(hers)


@pytest.mark.parametrize("answer", [(404, "<html>", {}), (403, REFUSED, {}), (503, "", {})])
def test_nor_is_one_of_which_graph_says_anything_else(
    entra: EntraServer, alice: User, answer: tuple[int, Any, dict[str, str]]
) -> None:
    hers = client_of(alice)
    entra.answers[f"{USERS}/{ALICE.object_id}"] = answer
    with pytest.raises(AccountsUnknown):
        check()
    assert is_signed_in(hers)


def test_the_log_names_graphs_word_for_a_missing_permission(entra: EntraServer, alice: User) -> None:
    client_of(alice)
    entra.answers[USERS] = (403, REFUSED, {})
    with pytest.raises(AccountsUnknown, match=r"\(403 Authorization_RequestDenied\)\."):
        check()


def test_a_permission_that_was_granted_meanwhile_counts_at_once(entra: EntraServer, alice: User) -> None:
    """It stands in the next token alone."""
    has_account(entra, ALICE)
    client_of(alice)
    entra.answers[USERS] = (403, REFUSED, {})
    with pytest.raises(AccountsUnknown):
        check()
    del entra.answers[USERS]
    check()
    check()
    assert len(entra.asked(TOKEN)) == 2


def test_half_an_answer_is_none(entra: EntraServer, alice: User) -> None:
    """The second question goes unanswered: nobody of the first is signed out either."""
    for number in range(16):
        client_of(make_user(EVE, object_id=f"ab000000-0000-4000-8000-{number:012d}"))
    answer = entra.answer

    def while_it_lasts(request: Any) -> Any:
        return answer(request) if len(entra.asked(USERS)) < 2 else (503, "", {})

    entra.answer = while_it_lasts  # type: ignore[method-assign]
    try:
        with pytest.raises(AccountsUnknown):
            check()
    finally:
        del entra.answer  # type: ignore[method-assign]
    assert Session.objects.count() == 16


REFUSALS = ["invalid_client", "unauthorized_client", "invalid_resource", "invalid_scope", "invalid_grant", "?"]


@pytest.mark.parametrize("error", REFUSALS)
def test_a_portal_that_entra_refuses_signs_nobody_out(entra: EntraServer, alice: User, error: str) -> None:
    hers = client_of(alice)
    entra.answers[TOKEN] = (401, {"error": error, "error_description": "AADSTS7000222: expired."}, {})
    with capture_logs() as logs, pytest.raises(Unavailable, match="AADSTS7000222"):
        check()
    assert is_signed_in(hers)
    assert "sandbox-portal-secret" not in str(logs)


def test_an_entra_that_is_away_signs_nobody_out(alice: User, settings: Settings) -> None:
    hers = client_of(alice)
    with pytest.raises(Unavailable):
        check()
    assert is_signed_in(hers)


@pytest.mark.parametrize("answer", [{}, [], "<html>"], ids=str)
def test_neither_does_one_that_answers_something_else(entra: EntraServer, alice: User, answer: object) -> None:
    hers = client_of(alice)
    entra.answers[TOKEN] = (200, answer, {})
    with pytest.raises(Unavailable):
        check()
    assert is_signed_in(hers)
