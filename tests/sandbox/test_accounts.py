"""Microsoft Graph tells an app with the permission which accounts exist, and Entra ID signs no closed one in."""

from typing import Any

import pytest
import requests

from tests.sandbox.client import Client
from tests.sandbox.sign_in import PEOPLE, Browser, sent_back
from tests.sandbox_process import SandboxProcess

ALICE, BOB = PEOPLE["Alice"], PEOPLE["Bob"]
FIELDS = "id,accountEnabled,signInSessionsValidFromDateTime"


def ask(client: Client, *ids: str, select: str = FIELDS, **changes: str) -> requests.Response:
    quoted = ",".join(f"'{object_id}'" for object_id in ids)
    query = {"$filter": f"id in ({quoted})", "$select": select, **changes}
    return client.call("GET", "/v1.0/users", version=None, params=query)


def value(response: requests.Response) -> dict[str, dict[str, Any]]:
    assert response.status_code == 200, response.text
    return {account["id"]: account for account in response.json()["value"]}


def test_it_tells_what_was_asked_about_whom_was_asked(accounts: Client) -> None:
    found = value(ask(accounts, ALICE, BOB))
    assert set(found) == {ALICE, BOB}
    assert set(found[ALICE]) == set(FIELDS.split(","))
    assert found[ALICE]["accountEnabled"] is True
    assert "accountEnabled" not in value(ask(accounts, ALICE, select=""))[ALICE]


def test_a_disabled_account_says_so_and_a_deleted_one_is_missing(accounts: Client, sandbox: SandboxProcess) -> None:
    sandbox.entra(person=ALICE, enabled=False)
    sandbox.entra(person=BOB, deleted=True)
    found = value(ask(accounts, ALICE, BOB))
    assert {object_id: account["accountEnabled"] for object_id, account in found.items()} == {ALICE: False}
    gone = accounts.call("GET", f"/v1.0/users/{BOB}", version=None)
    assert (gone.status_code, gone.json()["error"]["code"]) == (404, "Request_ResourceNotFound")


@pytest.mark.parametrize("change", [{"enabled": False}, {"deleted": True}])
def test_neither_can_sign_in(browser: Browser, sandbox: SandboxProcess, change: dict[str, bool]) -> None:
    code = browser.code_for("Alice")
    sandbox.entra(person=ALICE, **change)
    assert "AADSTS50057" in browser.pick("Alice").text
    refused = browser.redeem(code)
    assert (refused.status_code, refused.json()["error"]) == (400, "invalid_grant")
    assert browser.authorize(login_hint=ALICE).status_code == 200  # no silent sign-in by Entra's own cookie
    sandbox.entra(person=ALICE, enabled=True, deleted=False)
    assert browser.redeem(browser.code_for("Alice")).status_code == 200


def test_revoked_sessions_ask_anew_who_it_is(browser: Browser, sandbox: SandboxProcess) -> None:
    browser.pick("Alice")
    assert sent_back(browser.authorize(login_hint=ALICE))["code"]
    sandbox.entra(person=ALICE, revoke_sessions=True)
    assert browser.authorize(login_hint=ALICE).status_code == 200
    browser.pick("Alice")
    assert sent_back(browser.authorize(login_hint=ALICE))["code"]


def test_it_takes_fifteen_at_most(accounts: Client) -> None:
    assert value(ask(accounts, *[ALICE] * 15))
    refused = ask(accounts, *[ALICE] * 16)
    assert (refused.status_code, refused.json()["error"]["code"]) == (400, "Request_UnsupportedQuery")


def test_another_filter_is_refused_not_guessed_at(accounts: Client) -> None:
    assert ask(accounts, **{"$filter": "accountEnabled eq true"}).status_code == 400


def test_it_takes_the_permission(browser: Browser) -> None:
    refused = ask(browser.client, ALICE)
    assert (refused.status_code, refused.json()["error"]["code"]) == (403, "Authorization_RequestDenied")
