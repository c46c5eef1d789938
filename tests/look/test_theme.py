"""The choice of light or dark: kept in a cookie, known to the first byte of the next page."""

import pytest
from django.test import Client
from django.urls import reverse

THEME = reverse("theme")
SIGN_IN = reverse("identity:sign-in")


def test_it_keeps_the_choice_and_goes_back(client: Client) -> None:
    response = client.post(THEME, {"theme": "dark", "next": f"{SIGN_IN}?next=/x"})
    assert (response.status_code, response["Location"]) == (302, f"{SIGN_IN}?next=/x")
    assert 'data-theme="dark"' in client.get(SIGN_IN).content.decode()


def test_the_device_decides_until_somebody_chooses(client: Client) -> None:
    assert 'data-theme="auto"' in client.get(SIGN_IN).content.decode()


def test_it_refuses_a_get(client: Client) -> None:
    assert client.get(THEME, {"theme": "dark"}).status_code == 405
    assert "theme" not in client.cookies


def test_it_refuses_a_theme_that_does_not_exist(client: Client) -> None:
    response = client.post(THEME, {"theme": '"><script>'})
    assert response.status_code == 400
    assert "theme" not in client.cookies


def test_a_cookie_made_by_hand_changes_nothing(client: Client) -> None:
    client.cookies["theme"] = "neon"
    assert 'data-theme="auto"' in client.get(SIGN_IN).content.decode()


@pytest.mark.parametrize("address", ["https://evil.example/", "//evil.example", "javascript:alert(1)", ""])
@pytest.mark.asvs("V1.2.2")
def test_it_does_not_lead_elsewhere(client: Client, address: str) -> None:
    assert client.post(THEME, {"theme": "light", "next": address})["Location"] == "/"


@pytest.mark.django_db
def test_it_refuses_a_form_of_another_site() -> None:
    assert Client(enforce_csrf_checks=True).post(THEME, {"theme": "dark"}).status_code == 403
