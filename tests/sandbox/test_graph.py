"""Microsoft Graph: the signed-in person, their manager and groups."""

from typing import Any

import pytest

from tests.sandbox.sign_in import PEOPLE, Browser
from tests.sandbox_process import SandboxProcess

TEAM_WEB = "90000000-0000-4000-8000-000000000001"
VM_APPROVERS = "90000000-0000-4000-8000-000000000002"


def graph(browser: Browser, method: str, path: str, body: Any = None, *, token: str) -> Any:
    headers = {"Authorization": f"Bearer {token}"}
    url = f"{browser.sandbox.https_url}/v1.0{path}"
    return browser.client.session.request(method, url, json=body, headers=headers, timeout=10)


@pytest.fixture
def alice(browser: Browser) -> str:
    token: str = browser.tokens_for("Alice")["access_token"]
    return token


def test_me_is_the_signed_in_person(browser: Browser, alice: str) -> None:
    me = graph(browser, "GET", "/me", token=alice).json()
    assert (me["id"], me["displayName"], me["mail"]) == (PEOPLE["Alice"], "Alice Aoki", "alice@example.com")


def test_bob_manages_alice_and_nobody_manages_bob(browser: Browser, alice: str) -> None:
    assert graph(browser, "GET", "/me/manager", token=alice).json()["id"] == PEOPLE["Bob"]
    bob = browser.tokens_for("Bob")["access_token"]
    answer = graph(browser, "GET", "/me/manager", token=bob)
    assert answer.status_code == 404
    assert answer.json()["error"]["code"] == "Request_ResourceNotFound"


def test_check_member_groups_answers_those_one_is_in(browser: Browser, alice: str) -> None:
    body = {"groupIds": [TEAM_WEB, VM_APPROVERS]}
    assert graph(browser, "POST", "/me/checkMemberGroups", body, token=alice).json()["value"] == [TEAM_WEB]


@pytest.mark.parametrize("body", [{"groupIds": [TEAM_WEB] * 21}, {"groupIds": "x"}, {}])
def test_check_member_groups_takes_twenty_at_most(browser: Browser, alice: str, body: dict[str, Any]) -> None:
    assert graph(browser, "POST", "/me/checkMemberGroups", body, token=alice).status_code == 400


def test_get_member_groups_answers_them_all_also_beyond_the_tokens_limit(
    browser: Browser, sandbox: SandboxProcess, alice: str
) -> None:
    body = {"securityEnabledOnly": True}
    assert graph(browser, "POST", "/me/getMemberGroups", body, token=alice).json()["value"] == [TEAM_WEB]
    sandbox.entra(person=PEOPLE["Alice"], overage=True)
    assert len(graph(browser, "POST", "/me/getMemberGroups", body, token=alice).json()["value"]) > 200
    assert graph(browser, "POST", "/me/getMemberGroups", {}, token=alice).status_code == 400


def test_an_app_may_read_users_and_groups(browser: Browser) -> None:
    token = browser.client.token
    assert graph(browser, "GET", f"/users/{PEOPLE['Bob']}", token=token).json()["displayName"] == "Bob Baba"
    assert graph(browser, "GET", f"/groups/{TEAM_WEB}", token=token).json()["displayName"] == "team-web"
    body = {"groupIds": [VM_APPROVERS]}
    members = graph(browser, "POST", f"/users/{PEOPLE['Bob']}/checkMemberGroups", body, token=token).json()
    assert members["value"] == [VM_APPROVERS]
    assert graph(browser, "GET", "/groups/unknown", token=token).status_code == 404
    assert graph(browser, "GET", "/users/unknown", token=token).status_code == 404
    assert graph(browser, "GET", "/me", token=token).status_code == 400


def test_a_person_may_not_read_another(browser: Browser, alice: str) -> None:
    assert graph(browser, "GET", f"/users/{PEOPLE['Bob']}", token=alice).status_code == 403


def test_it_refuses_a_token_that_is_not_its_own(browser: Browser) -> None:
    answer = graph(browser, "GET", "/me", token="x.y.z")
    assert answer.status_code == 401
    assert answer.json()["error"]["code"] == "InvalidAuthenticationToken"
