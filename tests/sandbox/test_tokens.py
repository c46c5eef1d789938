"""The token endpoint: claims, refusals, tampering on order."""

import time
from typing import Any

import jwt
import pytest

from tests.sandbox.client import APPS, TENANT, Client
from tests.sandbox.sign_in import PEOPLE, Browser
from tests.sandbox_process import SandboxProcess

FOREIGN_TENANT = "99999999-9999-4999-8999-999999999999"


def test_discovery_names_http_for_the_browser_and_https_for_machines(browser: Browser) -> None:
    sandbox = browser.sandbox
    url = f"{sandbox.https_url}/{TENANT}/v2.0/.well-known/openid-configuration"
    document = browser.client.session.get(url, timeout=10).json()
    assert document["issuer"] == f"{sandbox.https_url}/{TENANT}/v2.0"
    for name, base in {
        "authorization_endpoint": sandbox.http_url,
        "end_session_endpoint": sandbox.http_url,
        "token_endpoint": sandbox.https_url,
        "jwks_uri": sandbox.https_url,
    }.items():
        assert document[name].startswith(f"{base}/{TENANT}/")


def test_the_id_token_names_the_person(browser: Browser) -> None:
    claims = browser.claims_of("Alice")
    now = time.time()
    assert claims["nbf"] <= claims["iat"] <= now < claims["exp"]
    assert claims["auth_time"] <= now
    expected = {
        "tid": TENANT,
        "oid": PEOPLE["Alice"],
        "name": "Alice Aoki",
        "preferred_username": "alice@example.com",
        "email": "alice@example.com",
        "nonce": "nonce-1",
        "ver": "2.0",
        "groups": ["90000000-0000-4000-8000-000000000001"],
    }
    assert {name: claims[name] for name in expected} == expected
    assert claims["sub"] != claims["oid"]
    assert claims["sid"]
    assert "roles" not in claims


@pytest.mark.parametrize(
    ("name", "roles"), [("Carol", ["Reimage.Auditor"]), ("Dan", ["Reimage.Administrator"]), ("Eve", None)]
)
def test_app_roles_are_in_the_token(browser: Browser, name: str, roles: list[str] | None) -> None:
    claims = browser.claims_of(name)
    assert claims.get("roles") == roles
    assert "groups" not in claims


def test_an_authentication_context_is_in_the_token_if_asked_for(browser: Browser) -> None:
    asked = '{"id_token":{"acrs":{"essential":true,"value":"c1"}}}'
    assert browser.claims_of("Alice", claims=asked)["acrs"] == ["c1"]
    for nothing in (None, "{}", "not json", "[]", '{"id_token":{"acrs":null}}', '{"id_token":{"acrs":{"value":1}}}'):
        assert "acrs" not in browser.claims_of("Alice", claims=nothing)


def test_too_many_groups_are_only_pointed_to(browser: Browser, sandbox: SandboxProcess) -> None:
    sandbox.entra(person=PEOPLE["Alice"], overage=True)
    claims = browser.claims_of("Alice")
    assert "groups" not in claims
    assert claims["_claim_names"] == {"groups": "src1"}
    assert claims["_claim_sources"]["src1"]["endpoint"].endswith("/getMemberObjects")
    assert "groups" in browser.claims_of("Bob")


def test_groups_and_roles_can_be_changed(browser: Browser, sandbox: SandboxProcess) -> None:
    sandbox.entra(person=PEOPLE["Alice"], groups=[], roles=["Reimage.Auditor"])
    claims = browser.claims_of("Alice")
    assert "groups" not in claims
    assert claims["roles"] == ["Reimage.Auditor"]


def test_tokens_keep_real_time_when_the_sandboxs_clock_is_moved(browser: Browser, sandbox: SandboxProcess) -> None:
    sandbox.advance_clock(86_400)
    assert browser.claims_of("Alice")["iat"] <= time.time()


def refused(answer: Any, error: str, code: int) -> None:
    assert answer.status_code in (400, 401)
    body = answer.json()
    assert body["error"] == error
    assert body["error_codes"] == [code]
    assert body["error_description"].startswith(f"AADSTS{code}: ")
    assert {"timestamp", "trace_id", "correlation_id"} <= set(body)


def test_a_code_is_good_once(browser: Browser) -> None:
    code = browser.code_for("Alice")
    assert browser.redeem(code).status_code == 200
    refused(browser.redeem(code), "invalid_grant", 54005)


def test_a_code_needs_its_verifier(browser: Browser) -> None:
    refused(browser.redeem(browser.code_for("Alice"), code_verifier="wrong"), "invalid_grant", 501481)


def test_a_code_needs_its_redirect_uri(browser: Browser) -> None:
    answer = browser.redeem(browser.code_for("Alice"), redirect_uri="http://localhost:8000/other")
    refused(answer, "invalid_grant", 500112)


def test_a_code_expires(browser: Browser, sandbox: SandboxProcess) -> None:
    code = browser.code_for("Alice")
    sandbox.advance_clock(600)
    refused(browser.redeem(code), "invalid_grant", 70008)


def test_an_unknown_code_is_refused(browser: Browser) -> None:
    refused(browser.redeem("made-up"), "invalid_grant", 70000)


def test_a_code_belongs_to_its_app(browser: Browser, sandbox: SandboxProcess) -> None:
    client_id, secret = APPS["reader"]
    answer = browser.redeem(browser.code_for("Alice"), client_id=client_id, client_secret=secret)
    refused(answer, "invalid_grant", 70000)


def test_a_wrong_client_secret_is_refused(browser: Browser) -> None:
    answer = browser.redeem(browser.code_for("Alice"), client_secret="guessed")
    assert answer.status_code == 401
    refused(answer, "invalid_client", 7000215)
    assert "guessed" not in answer.text


def test_an_unknown_app_is_refused(browser: Browser) -> None:
    refused(browser.redeem("x", client_id="c0000000-0000-4000-8000-000000000009"), "unauthorized_client", 700016)


def test_an_unknown_grant_type_is_refused(browser: Browser) -> None:
    refused(browser.client.ask_for_token(grant_type="password"), "unsupported_grant_type", 70003)


def test_client_credentials_also_come_by_basic_authentication(sandbox: SandboxProcess) -> None:
    with Client(sandbox, "reader") as reader:
        answer = reader.session.post(
            f"{sandbox.https_url}/{TENANT}/oauth2/v2.0/token",
            data={"grant_type": "client_credentials", "scope": f"{sandbox.https_url}/.default"},
            auth=APPS["reader"],
            timeout=10,
        )
    claims = jwt.decode(answer.json()["access_token"], options={"verify_signature": False})
    assert claims["appid"] == APPS["reader"][0]


@pytest.mark.parametrize("scope", ["https://vault.azure.net/.default", "https://graph.microsoft.com/User.Read", ""])
def test_client_credentials_need_a_default_scope_of_a_known_resource(reader: Client, scope: str) -> None:
    refused(reader.ask_for_token(grant_type="client_credentials", scope=scope), "invalid_scope", 1002012)


def test_a_refresh_token_gives_new_tokens(browser: Browser) -> None:
    refresh_token = browser.tokens_for("Alice")["refresh_token"]
    answer = browser.client.ask_for_token(grant_type="refresh_token", refresh_token=refresh_token)
    assert browser.verify(answer.json()["id_token"])["oid"] == PEOPLE["Alice"]
    refused(browser.client.ask_for_token(grant_type="refresh_token", refresh_token="x"), "invalid_grant", 70000)


def test_without_offline_access_there_is_no_refresh_token(browser: Browser) -> None:
    assert "refresh_token" not in browser.tokens_for("Alice", scope="openid")


@pytest.mark.parametrize(
    "tamper", ["signature", "none_alg", "foreign_tenant", "expired", "not_yet_valid", "wrong_audience"]
)
def test_a_tampered_token_does_not_verify_and_the_next_one_does(
    browser: Browser, sandbox: SandboxProcess, tamper: str
) -> None:
    sandbox.entra(next_id_token={"tamper": tamper})
    tokens = browser.tokens_for("Alice")
    if tamper == "none_alg":
        assert jwt.get_unverified_header(tokens["id_token"])["alg"] == "none"
    else:
        with pytest.raises(jwt.InvalidTokenError):
            browser.verify(tokens["id_token"])
    browser.claims_of("Alice")


@pytest.mark.parametrize(("tamper", "claim"), [("wrong_nonce", "nonce"), ("stale_auth_time", "auth_time")])
def test_some_tampering_only_the_relying_party_can_see(
    browser: Browser, sandbox: SandboxProcess, tamper: str, claim: str
) -> None:
    proper = browser.claims_of("Alice")
    sandbox.entra(next_id_token={"tamper": tamper})
    tampered = browser.claims_of("Alice")
    assert tampered[claim] != proper[claim]


def test_a_foreign_tenant_is_named_as_such(browser: Browser, sandbox: SandboxProcess) -> None:
    sandbox.entra(next_id_token={"tamper": "foreign_tenant"})
    claims = jwt.decode(browser.tokens_for("Alice")["id_token"], options={"verify_signature": False})
    assert claims["tid"] == FOREIGN_TENANT
    assert FOREIGN_TENANT in claims["iss"]
