"""Sessions end when Entra ID closes the account behind them."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
import time_machine
from pytest_django import Settings

from portal.audit.models import AuditEvent
from portal.identity.models import Session, User
from tests.cast import ALICE, BOB, EVE, FOREIGN_TENANT_ID, client_of, make_user
from tests.identity.closed_accounts import TOKEN, USERS, check, has_account, is_signed_in
from tests.identity.entra_server import EntraServer

pytestmark = pytest.mark.django_db

NOON = "2026-05-01T12:00:00Z"


@pytest.fixture(autouse=True)
def noon() -> Iterator[time_machine.Traveller]:
    with time_machine.travel(NOON, tick=False) as traveller:
        yield traveller


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
