"""Signing out: here first, then at Entra ID."""

import pytest
from django.test import Client
from pytest_django import Settings

from portal.audit.models import AuditEvent
from tests.cast import ALICE
from tests.identity.entra_server import EntraServer
from tests.identity.journey import Visitor, address_left_for, parameters_of


@pytest.mark.asvs("V7.2.1", "V7.4.1")
def test_it_ends_the_session_on_the_server(visitor: Visitor, entra: EntraServer) -> None:
    visitor.sign_in(ALICE, entra)
    key = visitor.client.session.session_key
    response = visitor.client.post("/sign-out")
    assert response["Clear-Site-Data"] == '"cache", "storage"'
    assert not visitor.client.session.exists(key)
    visitor.client.cookies["session"] = key
    assert visitor.client.get("/").status_code == 302


@pytest.mark.asvs("V3.7.2", "V7.6.1")
def test_it_goes_on_to_entra_and_comes_back_to_a_page_of_ours(
    visitor: Visitor, entra: EntraServer, settings: Settings
) -> None:
    visitor.sign_in(ALICE, entra, login_hint="opaque-hint")
    address = address_left_for(visitor.client.post("/sign-out"))
    assert address.startswith(f"{entra.authority}/oauth2/v2.0/logout?")
    assert parameters_of(address) == {
        "post_logout_redirect_uri": f"{settings.PUBLIC_URL}/signed-out",
        "logout_hint": "opaque-hint",
    }


def test_without_a_hint_none_is_sent(visitor: Visitor, entra: EntraServer) -> None:
    visitor.sign_in(ALICE, entra)
    assert "logout_hint" not in parameters_of(address_left_for(visitor.client.post("/sign-out")))


def test_it_signs_out_here_even_if_entra_is_down(visitor: Visitor, entra: EntraServer, settings: Settings) -> None:
    visitor.sign_in(ALICE, entra)
    settings.ENTRA_AUTHORITY = "https://localhost:1/11111111-1111-4111-8111-111111111111"
    response = visitor.client.post("/sign-out")
    assert response.url == "/signed-out"
    assert response["Clear-Site-Data"]
    assert visitor.client.get("/").status_code == 302


@pytest.mark.asvs("V16.3.1")
def test_it_is_recorded(visitor: Visitor, entra: EntraServer) -> None:
    visitor.sign_in(ALICE, entra)
    visitor.client.post("/sign-out")
    event = AuditEvent.objects.get(action="session.signed_out")
    assert event.actor_object_id == str(ALICE.object_id)


def test_nobody_signing_out_is_no_event(visitor: Visitor, entra: EntraServer) -> None:
    assert visitor.client.post("/sign-out").status_code == 200
    assert not AuditEvent.objects.exists()


def test_a_foreign_site_cannot_sign_anybody_out(visitor: Visitor, entra: EntraServer) -> None:
    visitor.client = Client()
    visitor.sign_in(ALICE, entra)
    strict = Client(enforce_csrf_checks=True)
    strict.cookies = visitor.client.cookies
    assert strict.post("/sign-out").status_code == 403
    assert visitor.client.get("/").status_code == 200


@pytest.mark.django_db
def test_the_signed_out_page_offers_the_way_back_in() -> None:
    page = Client().get("/signed-out").content.decode()
    assert page.count("<h1>") == 1
    assert "You are signed out" in page
    assert "Sign in again" in page
