"""Coming back from Entra ID with something other than a fresh code for this browser."""

import re

import pytest
import time_machine
from django.test import Client
from pytest_django import Settings

from portal.audit.models import AuditEvent
from tests.cast import ALICE
from tests.identity.entra_server import EntraServer
from tests.identity.journey import Visitor, claims_of


def assert_refused(response: object, reason: str, *, status: int = 400) -> str:
    page = response.content.decode()
    assert response.status_code == status
    assert reason in page
    assert page.count("<h1>") == 1
    assert "Sign in again" in page
    assert AuditEvent.objects.filter(action="session.refused").count() == 1
    return page


@pytest.mark.asvs("V10.1.2")
def test_a_state_can_be_used_once(visitor: Visitor, entra: EntraServer) -> None:
    sent = visitor.press_sign_in()
    entra.id_token = entra.sign(claims_of(ALICE, entra, nonce=sent["nonce"]))
    visitor.come_back(state=sent["state"], code="a-code")
    page = assert_refused(visitor.come_back(state=sent["state"], code="a-code"), "unknown_state")
    assert "can be used once and within ten minutes" in page
    assert len(entra.asked("/token")) == 1


def test_a_code_that_entra_has_redeemed_before_is_explained(visitor: Visitor, entra: EntraServer) -> None:
    sent = visitor.press_sign_in()
    description = "AADSTS54005: OAuth2 Authorization code was already redeemed, for-your-eyes-only"
    entra.answers["/token"] = (400, {"error": "invalid_grant", "error_description": description}, {})
    page = assert_refused(visitor.come_back(state=sent["state"], code="a-code"), "code_refused")
    assert "AADSTS54005" in page
    assert "for-your-eyes-only" not in page


@pytest.mark.parametrize("parameters", [{}, {"state": ""}, {"state": "invented", "code": "a-code"}, {"code": "a-code"}])
def test_an_invented_state_is_refused_and_entra_is_not_asked(
    visitor: Visitor, entra: EntraServer, parameters: dict[str, str]
) -> None:
    assert_refused(visitor.come_back(**parameters), "unknown_state")
    assert entra.requests == []


@pytest.mark.asvs("V10.1.2", "V10.2.1")
def test_another_browsers_state_is_refused(visitor: Visitor, entra: EntraServer) -> None:
    sent = Visitor(Client()).press_sign_in()
    assert_refused(visitor.come_back(state=sent["state"], code="a-code"), "unknown_state")


def test_a_state_is_used_up_even_when_entra_fails(visitor: Visitor, entra: EntraServer) -> None:
    sent = visitor.press_sign_in()
    entra.answers["/token"] = (503, "busy", {})
    assert visitor.come_back(state=sent["state"], code="a-code").status_code == 503
    assert_refused(visitor.come_back(state=sent["state"], code="a-code"), "unknown_state")


WAY_ON = re.compile(r'<a class="btn btn-primary" href="([^"]*)">Sign in again</a>')


def test_a_sign_in_that_entra_failed_is_begun_anew_to_the_same_end(visitor: Visitor, entra: EntraServer) -> None:
    sent = visitor.press_sign_in("/machines?q=web")
    entra.answers["/token"] = (503, "busy", {})
    (way_on,) = WAY_ON.findall(visitor.come_back(state=sent["state"], code="a-code").content.decode())
    assert way_on == "/sign-in?next=%2Fmachines%3Fq%3Dweb"
    assert 'name="next" value="/machines?q=web"' in visitor.client.get(way_on).content.decode()


@pytest.mark.parametrize("hostile", ["https://evil.example/", "//evil.example", "/sign-out"])
def test_the_way_to_begin_anew_is_one_of_ours(visitor: Visitor, entra: EntraServer, hostile: str) -> None:
    sent = visitor.press_sign_in(hostile)
    response = visitor.come_back(state=sent["state"], error="temporarily_unavailable")
    assert WAY_ON.findall(response.content.decode()) == ["/sign-in?next=%2F"]


@pytest.mark.asvs("V10.1.2")
@pytest.mark.parametrize(("minutes", "status"), [(9, 302), (11, 400)])
def test_a_sign_in_stays_open_for_ten_minutes(visitor: Visitor, entra: EntraServer, minutes: int, status: int) -> None:
    with time_machine.travel("2026-05-01T09:00:00Z", tick=False) as traveller:
        sent = visitor.press_sign_in()
        traveller.shift(minutes * 60)
        entra.id_token = entra.sign(claims_of(ALICE, entra, nonce=sent["nonce"]))
        assert visitor.come_back(state=sent["state"], code="a-code").status_code == status


def test_five_sign_ins_may_be_open_and_the_oldest_gives_way(visitor: Visitor, entra: EntraServer) -> None:
    with time_machine.travel("2026-05-01T09:00:00Z", tick=False) as traveller:
        begun = []
        for _number in range(6):
            begun.append(visitor.press_sign_in())
            traveller.shift(1)
        assert visitor.come_back(state=begun[0]["state"], code="a-code").status_code == 400
        entra.id_token = entra.sign(claims_of(ALICE, entra, nonce=begun[1]["nonce"]))
        assert visitor.come_back(state=begun[1]["state"], code="a-code").status_code == 302


def test_turning_back_at_entra_is_no_failure(visitor: Visitor, entra: EntraServer) -> None:
    sent = visitor.press_sign_in()
    response = visitor.come_back(
        state=sent["state"], error="access_denied", error_description="AADSTS65004: The user declined"
    )
    page = assert_refused(response, "canceled", status=200)
    assert "You canceled the sign-in" in page
    assert "AADSTS65004" in page


def test_another_try_leads_where_the_first_was_to_lead(visitor: Visitor, entra: EntraServer) -> None:
    sent = visitor.press_sign_in("/machines/?q=web")
    page = visitor.come_back(state=sent["state"], error="access_denied").content.decode()
    assert '<input type="hidden" name="next" value="/machines/?q=web">' in page


@pytest.mark.parametrize(
    ("error", "shown"),
    [("invalid_request", "invalid_request"), ("<script>", "unknown_error"), ("", "unknown_error")],
)
def test_another_error_of_entra_is_named(visitor: Visitor, entra: EntraServer, error: str, shown: str) -> None:
    sent = visitor.press_sign_in()
    response = visitor.come_back(state=sent["state"], error=error, error_description="<script>alert(1)</script>")
    page = assert_refused(response, "refused_by_entra", status=403)
    assert shown in page
    assert "script" not in page


@pytest.mark.parametrize("error", ["server_error", "temporarily_unavailable"])
def test_a_busy_entra_is_unavailable(visitor: Visitor, entra: EntraServer, error: str) -> None:
    sent = visitor.press_sign_in()
    response = visitor.come_back(state=sent["state"], error=error)
    assert response.status_code == 503
    assert "sign in again" in response.content.decode()


@pytest.mark.parametrize(
    ("answer", "status", "sentence"),
    [
        ((503, "busy", {}), 503, "Wait a minute and try again"),
        ((200, "<html>", {}), 503, "Wait a minute and try again"),
        ((400, {"error": "temporarily_unavailable"}, {}), 503, "Wait a minute and sign in again"),
        ((401, {"error": "invalid_client", "error_description": "AADSTS7000215: no"}, {}), 503, "ENTRA_CLIENT_SECRET"),
        ((400, {"error": "invalid_scope", "error_description": "AADSTS70011: no"}, {}), 403, "AADSTS70011"),
        ((200, {"access_token": "for-graph"}, {}), 403, "malformed_token"),
        ((200, {"id_token": "rubbish", "access_token": "for-graph"}, {}), 503, "Wait a minute and try again"),
    ],
)
def test_each_answer_at_the_token_endpoint_is_explained(
    visitor: Visitor, entra: EntraServer, answer: tuple[int, object, dict[str, str]], status: int, sentence: str
) -> None:
    sent = visitor.press_sign_in()
    entra.answers["/token"] = answer
    response = visitor.come_back(state=sent["state"], code="a-code")
    assert response.status_code == status
    assert sentence in response.content.decode()
    assert "sandbox-portal-secret" not in response.content.decode()


def test_neither_code_nor_error_is_explained(visitor: Visitor, entra: EntraServer) -> None:
    sent = visitor.press_sign_in()
    assert_refused(visitor.come_back(state=sent["state"]), "no_code")


@pytest.mark.asvs("V16.5.2")
def test_entra_down_at_the_button_is_a_page_that_says_what_to_do(visitor: Visitor, settings: Settings) -> None:
    settings.ENTRA_AUTHORITY = "https://localhost:1/11111111-1111-4111-8111-111111111111"
    response = visitor.client.post("/sign-in")
    page = response.content.decode()
    assert response.status_code == 503
    assert "Microsoft Entra ID does not answer" in page
    assert "Wait a minute and try again" in page
    assert "identity.open_flows" not in visitor.client.session


def test_after_entra_is_back_the_same_process_signs_in(visitor: Visitor, entra: EntraServer) -> None:
    entra.answers["/openid-configuration"] = (503, "busy", {})
    assert visitor.client.post("/sign-in").status_code == 503
    entra.answers.clear()
    assert visitor.sign_in(ALICE, entra).status_code == 302
