"""Signing in: the page, the way to Entra ID and back, and who the person is afterwards."""

import base64
import hashlib
from datetime import UTC, datetime
from urllib.parse import urlsplit

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.test import Client
from pytest_django import Settings

from portal.audit.models import AuditEvent
from portal.identity import sessions
from portal.identity.models import User
from tests.cast import ALICE, CAROL, DAN, TEAM_WEB, TENANT_ID
from tests.identity.entra_server import EntraServer
from tests.identity.journey import Visitor, address_left_for, claims_of


@pytest.mark.asvs("V7.6.2")
def test_it_shows_one_button_and_one_heading(visitor: Visitor) -> None:
    page = visitor.client.get("/sign-in").content.decode()
    assert page.count("<h1>") == 1
    assert page.count("<button") == 1
    assert "Sign in with Microsoft" in page


@pytest.mark.asvs("V10.1.2")
def test_it_asks_entra_for_a_code_bound_to_this_browser(
    visitor: Visitor, entra: EntraServer, settings: Settings
) -> None:
    sent = visitor.press_sign_in()
    assert sent["response_type"] == "code"
    assert sent["response_mode"] == "query"
    assert sent["client_id"] == settings.ENTRA_CLIENT_ID
    assert sent["redirect_uri"] == f"{settings.PUBLIC_URL}/sign-in/callback"
    assert sent["code_challenge_method"] == "S256"
    assert set(sent["scope"].split()) == {"openid", "profile", "User.Read"}
    assert sent["state"]
    assert sent["nonce"]


@pytest.mark.asvs("V3.7.2")
def test_it_leaves_by_a_page_that_also_works_by_hand(visitor: Visitor, entra: EntraServer) -> None:
    response = visitor.client.post("/sign-in")
    address = address_left_for(response)
    assert address.startswith(f"{entra.authority}/oauth2/v2.0/authorize?")
    assert response.status_code == 200
    assert f"Your browser goes on to {urlsplit(entra.url).netloc} by itself." in response.content.decode()
    assert response["Cache-Control"].startswith("max-age=0, no-cache, no-store")


@pytest.mark.parametrize("language", ["ja", "en"])
def test_it_asks_entra_to_speak_the_persons_language(visitor: Visitor, entra: EntraServer, language: str) -> None:
    assert visitor.press_sign_in(**{"Accept-Language": language})["ui_locales"] == language


@pytest.mark.asvs("V10.1.2", "V10.2.1")
def test_it_redeems_the_code_with_the_proof_of_the_same_browser(visitor: Visitor, entra: EntraServer) -> None:
    sent = visitor.press_sign_in()
    entra.id_token = entra.sign(claims_of(ALICE, entra, nonce=sent["nonce"]))
    visitor.come_back(state=sent["state"], code="a-code")
    form = entra.asked("/token")[0].form
    digest = hashlib.sha256(form["code_verifier"].encode()).digest()
    assert base64.urlsafe_b64encode(digest).rstrip(b"=").decode() == sent["code_challenge"]
    assert form["code"] == "a-code"
    assert form["redirect_uri"] == sent["redirect_uri"]


def test_it_leads_back_to_the_page_that_was_wanted(visitor: Visitor, entra: EntraServer) -> None:
    wanted = visitor.client.get("/machines?q=web")
    assert wanted.url == "/sign-in?next=/machines%3Fq%3Dweb"
    assert 'value="/machines?q=web"' in visitor.client.get(wanted.url).content.decode()
    response = visitor.sign_in(ALICE, entra, next_path="/machines?q=web")
    assert response.status_code == 302
    assert response.url == "/machines?q=web"


@pytest.mark.parametrize(
    "hostile",
    [
        "//evil",
        "///evil",
        "/\\evil",
        "\\\\evil",
        "https://evil/",
        "javascript:alert(1)",
        "evil",
        "http:///evil",
        "/\t/evil",
    ],
)
@pytest.mark.asvs("V1.2.2")
def test_it_refuses_to_lead_anywhere_else(visitor: Visitor, entra: EntraServer, hostile: str) -> None:
    assert visitor.sign_in(ALICE, entra, next_path=hostile).url == "/"
    assert visitor.client.get("/sign-in", {"next": hostile}).url == "/"


@pytest.mark.asvs("V6.8.1", "V10.5.2")
def test_it_knows_the_person_by_tenant_and_object_id(visitor: Visitor, entra: EntraServer) -> None:
    visitor.sign_in(ALICE, entra)
    user = User.objects.get()
    assert user.principal_key == (TENANT_ID, ALICE.object_id)
    assert (user.display_name, user.email) == ("Alice Aoki", "alice@example.com")
    assert user.group_ids == [TEAM_WEB]
    assert user.groups_are_complete
    assert user.last_login is not None
    assert "Alice Aoki" in visitor.client.get("/").content.decode()


def test_it_takes_roles_and_groups_afresh_at_each_sign_in(visitor: Visitor, entra: EntraServer) -> None:
    visitor.sign_in(CAROL, entra, name="Carol Chiba-Date")
    visitor.sign_in(CAROL, entra, roles=None, groups=[TEAM_WEB])
    user = User.objects.get()
    assert user.display_name == "Carol Chiba"
    assert not user.is_auditor
    assert user.group_ids == [TEAM_WEB]


def test_it_reads_app_roles(visitor: Visitor, entra: EntraServer) -> None:
    visitor.sign_in(CAROL, entra)
    visitor.sign_in(DAN, entra)
    carol, dan = User.objects.order_by("object_id")
    assert (carol.is_auditor, carol.is_administrator) == (True, False)
    assert (dan.is_auditor, dan.is_administrator) == (False, True)


@pytest.mark.asvs("V10.5.2")
def test_two_people_with_one_address_are_two_people(visitor: Visitor, entra: EntraServer) -> None:
    for part in (ALICE, CAROL):
        visitor.sign_in(part, entra, preferred_username="shared@example.com", name="Alice Aoki")
    assert User.objects.count() == 2


@pytest.mark.asvs("V7.2.2", "V7.2.4")
def test_it_changes_the_session_key(visitor: Visitor, entra: EntraServer) -> None:
    sent = visitor.press_sign_in()
    before = visitor.client.session.session_key
    entra.id_token = entra.sign(claims_of(ALICE, entra, nonce=sent["nonce"]))
    visitor.come_back(state=sent["state"], code="a-code")
    assert visitor.client.session.session_key != before
    assert not visitor.client.session.exists(before)


@pytest.mark.asvs("V7.2.4")
def test_it_changes_the_session_key_also_for_somebody_signed_in(visitor: Visitor, entra: EntraServer) -> None:
    visitor.sign_in(ALICE, entra, auth_time=1_800_000_000)
    before = visitor.client.session.session_key
    visitor.sign_in(ALICE, entra)
    session = visitor.client.session
    assert session.session_key != before
    assert sessions.authenticated_at(session) != datetime.fromtimestamp(1_800_000_000, UTC)


@pytest.mark.asvs("V7.2.4")
def test_it_leaves_nothing_of_one_person_to_the_next(visitor: Visitor, entra: EntraServer) -> None:
    visitor.sign_in(ALICE, entra)
    session = visitor.client.session
    session["draft"] = "of Alice"
    session.save()
    visitor.sign_in(CAROL, entra)
    assert "draft" not in visitor.client.session


@pytest.mark.asvs("V14.3.3")
def test_it_leaves_no_cookie_but_the_sessions_and_the_forms(visitor: Visitor, entra: EntraServer) -> None:
    visitor.sign_in(ALICE, entra)
    visitor.client.get("/")
    assert set(visitor.client.cookies) == {"session", "csrf"}


@pytest.mark.asvs("V6.8.4", "V7.5.3", "V8.2.4")
def test_it_remembers_when_the_person_proved_who_they_are(visitor: Visitor, entra: EntraServer) -> None:
    visitor.sign_in(ALICE, entra, auth_time=1_800_000_000)
    authenticated_at = sessions.authenticated_at(visitor.client.session)
    assert authenticated_at is not None
    assert authenticated_at.timestamp() == 1_800_000_000


def test_without_entras_word_the_sign_in_itself_is_that_time(visitor: Visitor, entra: EntraServer) -> None:
    visitor.sign_in(ALICE, entra)
    session = visitor.client.session
    authenticated_at = sessions.authenticated_at(session)
    assert authenticated_at is not None
    assert authenticated_at.timestamp() == session[sessions.SIGNED_IN_AT]


def test_nobody_signed_in_has_proved_nothing(visitor: Visitor) -> None:
    assert sessions.authenticated_at(visitor.client.session) is None


@pytest.mark.asvs("V10.1.1")
def test_no_token_is_kept(visitor: Visitor, entra: EntraServer) -> None:
    visitor.sign_in(ALICE, entra)
    events = " ".join(bytes(event.body).decode() for event in AuditEvent.objects.all())
    kept = f"{dict(visitor.client.session.items())} {events} {User.objects.values().get()} {visitor.client.cookies}"
    assert entra.id_token not in kept
    assert "for-graph" not in kept


@pytest.mark.asvs("V16.3.1")
def test_it_is_recorded(visitor: Visitor, entra: EntraServer) -> None:
    visitor.sign_in(ALICE, entra)
    event = AuditEvent.objects.get()
    assert (event.action, event.outcome) == ("session.signed_in", "success")
    assert event.actor_object_id == str(ALICE.object_id)
    assert event.actor_text == "Alice Aoki"


def test_somebody_signed_in_is_led_on(visitor: Visitor, entra: EntraServer) -> None:
    visitor.sign_in(ALICE, entra)
    assert visitor.client.get("/sign-in", {"next": "/machines"}).url == "/machines"


@pytest.mark.asvs("V7.6.2")
def test_the_button_needs_the_forms_token(db: None, entra: EntraServer) -> None:
    response = Client(enforce_csrf_checks=True).post("/sign-in")
    assert response.status_code == 403
    assert not entra.requests


@pytest.mark.asvs("V6.3.4")
def test_without_its_backend_nobody_signs_in(visitor: Visitor, entra: EntraServer, settings: Settings) -> None:
    settings.AUTHENTICATION_BACKENDS = ["django.contrib.auth.backends.BaseBackend"]
    with pytest.raises(ImproperlyConfigured, match="AUTHENTICATION_BACKENDS"):
        visitor.sign_in(ALICE, entra)


@pytest.mark.asvs("V6.3.2", "V6.3.4")
def test_a_password_signs_nobody_in(alice: User) -> None:
    assert not Client().login(username=alice.object_id, password="guess")
