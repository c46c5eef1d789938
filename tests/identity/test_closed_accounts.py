"""Sessions end when Entra ID closes the account behind them; what Entra ID does not say ends none."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
import time_machine
from django.test import Client
from pytest_django import Settings
from structlog.testing import capture_logs

from portal.audit.models import AuditEvent
from portal.errors import Unavailable
from portal.identity import tasks
from portal.identity.accounts import AccountsUnknown
from portal.identity.models import Session, User
from tests.cast import ALICE, BOB, EVE, FOREIGN_TENANT_ID, Part, client_of, make_user
from tests.identity.entra_server import EntraServer

pytestmark = pytest.mark.django_db

NOON = "2026-05-01T12:00:00Z"
USERS, TOKEN = "/v1.0/users", "/token"
REFUSED = {"error": {"code": "Authorization_RequestDenied", "message": "Bearer for-graph may not."}}


@pytest.fixture(autouse=True)
def noon() -> Iterator[time_machine.Traveller]:
    with time_machine.travel(NOON, tick=False) as traveller:
        yield traveller


def has_account(entra: EntraServer, *parts: Part, **differences: object) -> None:
    for part in parts:
        account = {
            "id": str(part.object_id),
            "accountEnabled": True,
            "signInSessionsValidFromDateTime": "2026-01-01T00:00:00Z",
        }
        entra.accounts[account["id"]] = account | differences


def check() -> None:
    tasks.end_sessions_of_closed_accounts()


def is_signed_in(client: Client) -> bool:
    return client.get("/").status_code == 200


def ends() -> list[dict[str, Any]]:
    """The bodies of the events, as they are sealed."""
    events = AuditEvent.objects.filter(action="session.ended").order_by("pk")
    return [json.loads(bytes(event.body)) for event in events]


@pytest.mark.asvs("V7.4.2")
def test_all_sessions_of_a_disabled_account_end_and_nobody_elses(entra: EntraServer, alice: User, bob: User) -> None:
    has_account(entra, ALICE, BOB)
    hers, his = [client_of(alice), client_of(alice)], client_of(bob)
    check()
    assert [is_signed_in(client) for client in (*hers, his)] == [True, True, True]
    has_account(entra, ALICE, accountEnabled=False)
    check()
    assert [is_signed_in(client) for client in (*hers, his)] == [False, False, True]


@pytest.mark.asvs("V7.4.2")
def test_so_do_those_of_a_deleted_one(entra: EntraServer, alice: User, bob: User) -> None:
    has_account(entra, BOB)
    hers, his = client_of(alice), client_of(bob)
    check()
    assert [is_signed_in(hers), is_signed_in(his)] == [False, True]


@pytest.mark.asvs("V7.4.2")
def test_revoking_sessions_ends_those_that_began_before(
    entra: EntraServer, alice: User, noon: time_machine.Traveller
) -> None:
    before = client_of(alice)
    noon.shift(600)
    after = client_of(alice)
    has_account(entra, ALICE, signInSessionsValidFromDateTime="2026-05-01T12:05:00Z")
    check()
    assert [is_signed_in(before), is_signed_in(after)] == [False, True]


@pytest.mark.asvs("V7.4.2", "V16.3.1")
@pytest.mark.parametrize(
    ("account", "reason"),
    [
        (None, "account_deleted"),
        ({"accountEnabled": False}, "account_disabled"),
        ({"signInSessionsValidFromDateTime": "2026-05-01T12:05:00Z"}, "sessions_revoked"),
    ],
)
def test_the_log_says_why(entra: EntraServer, alice: User, account: dict[str, Any] | None, reason: str) -> None:
    if account is not None:
        has_account(entra, ALICE, **account)
    client_of(alice)
    check()
    check()
    [end] = ends()
    assert (end["actor"]["kind"], end["actor"]["name"]) == ("system", "account_check")
    assert (end["target"]["kind"], end["target"]["id"]) == ("person", str(ALICE.object_id))
    assert (end["detail"]["sessions"], end["detail"]["reason"]) == (1, reason)


def test_nobody_signed_in_is_nothing_to_ask(entra: EntraServer, alice: User) -> None:
    check()
    assert entra.requests == []


def test_it_asks_about_those_who_are_signed_in_and_for_no_more_than_it_needs(
    entra: EntraServer, alice: User, bob: User
) -> None:
    has_account(entra, ALICE, BOB)
    client_of(alice)
    check()
    [question] = entra.asked(USERS)
    assert question.query == {
        "$filter": f"id in ('{ALICE.object_id}')",
        "$select": "id,accountEnabled,signInSessionsValidFromDateTime",
    }
    assert question.headers["Authorization"] == "Bearer for-graph"
    [token] = entra.asked(TOKEN)
    assert token.form["grant_type"] == "client_credentials"


def test_as_many_at_a_time_as_graph_takes_with_one_token(entra: EntraServer) -> None:
    for number in range(16):
        object_id = f"ab000000-0000-4000-8000-{number:012d}"
        client_of(make_user(EVE, object_id=object_id, display_name=f"Eve {number}"))
        entra.accounts[object_id] = {
            "id": object_id,
            "accountEnabled": number != 15,
            "signInSessionsValidFromDateTime": None,
        }
    check()
    assert [question.query["$filter"].count("ab000000") for question in entra.asked(USERS)] == [15, 1]
    assert len(entra.asked(TOKEN)) == 1
    assert Session.objects.count() == 15


def test_a_person_of_a_tenant_of_the_past_is_not_asked_about(entra: EntraServer) -> None:
    client_of(make_user(EVE, tenant_id=FOREIGN_TENANT_ID))
    check()
    assert entra.requests == []
    assert Session.objects.count() == 1


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


def test_a_registration_of_its_own_asks_where_there_is_one(entra: EntraServer, alice: User, settings: Settings) -> None:
    has_account(entra, ALICE)
    client_of(alice)
    settings.ACCOUNT_CHECK_CLIENT_ID = "c0000000-0000-4000-8000-000000000004"
    settings.ACCOUNT_CHECK_CLIENT_SECRET = "of-its-own"
    check()
    [token] = entra.asked(TOKEN)
    assert (token.form["client_id"], token.form["client_secret"]) == (settings.ACCOUNT_CHECK_CLIENT_ID, "of-its-own")


def test_a_session_that_cannot_be_read_is_left_to_its_limits(entra: EntraServer, alice: User) -> None:
    has_account(entra, ALICE, signInSessionsValidFromDateTime="2026-05-01T12:05:00Z")
    client_of(alice)
    Session.objects.update(session_data="what no key of ours signed")
    check()
    assert ends() == []
