"""Everybody's own language and time zone: the user's choice, else the browser's, else the installation's."""

import pytest
from django.test import Client
from pytest_django import Settings

from portal.identity.models import User
from tests.cast import client_of


@pytest.fixture
def client(alice: User) -> Client:
    return client_of(alice)


def words(client: Client, **headers: str) -> list[str]:
    """Language and time zone of the home page."""
    response = client.get("/", headers=headers)
    assert response["Content-Language"] in response.content.decode()
    return response.content.decode().split("<p>")[1].split("</p>")[0].split()[2:]


def test_the_browser_and_the_installation_speak_first(client: Client, settings: Settings) -> None:
    settings.TIME_ZONE = "Europe/Berlin"
    assert words(client, **{"Accept-Language": "ja"}) == ["ja", "Europe/Berlin"]
    assert words(client, **{"Accept-Language": "en"}) == ["en", "Europe/Berlin"]


def test_the_person_has_the_last_word(client: Client, alice: User) -> None:
    client.post("/settings/language", {"language": "ja"})
    client.post("/settings/time-zone", {"time_zone": "Asia/Tokyo"})
    alice.refresh_from_db()
    assert (alice.language, alice.time_zone) == ("ja", "Asia/Tokyo")
    client.cookies.pop("language")
    client.cookies["time_zone"] = "Europe/Berlin"
    assert words(client, **{"Accept-Language": "en"}) == ["ja", "Asia/Tokyo"]


def test_a_cookie_tells_the_browsers_time_zone(client: Client) -> None:
    client.cookies["time_zone"] = "America/New_York"
    assert words(client)[1] == "America/New_York"


@pytest.mark.parametrize("name", ["../../etc/passwd", "/etc/localtime", "Mars/Base", "", "x" * 5000])
def test_a_senseless_cookie_is_ignored(client: Client, name: str) -> None:
    client.cookies["time_zone"] = name
    assert words(client)[1] == "UTC"


def test_a_time_zone_that_is_gone_is_ignored(client: Client, alice: User) -> None:
    User.objects.update(time_zone="Mars/Base", language="tlh")
    assert words(client) == ["en", "UTC"]


def test_the_next_request_starts_afresh(client: Client, alice: User, bob: User) -> None:
    User.objects.filter(pk=alice.pk).update(time_zone="Asia/Tokyo", language="ja")
    assert words(client) == ["ja", "Asia/Tokyo"]
    assert words(client_of(bob)) == ["en", "UTC"]


def test_before_the_sign_in_a_cookie_keeps_the_choice(db: None) -> None:
    client = Client()
    response = client.post("/settings/language", {"language": "ja", "next": "/signed-out"})
    assert response.url == "/signed-out"
    client.post("/settings/time-zone", {"time_zone": "Asia/Tokyo"})
    assert client.cookies["time_zone"].value == "Asia/Tokyo"
    assert client.get("/signed-out")["Content-Language"] == "ja"


def test_an_empty_choice_leaves_it_to_the_browser(client: Client, alice: User) -> None:
    for name in ("language", "time-zone"):
        client.post(f"/settings/{name}", {name.replace("-", "_"): {"language": "ja"}.get(name, "Asia/Tokyo")})
        client.post(f"/settings/{name}", {name.replace("-", "_"): ""})
    alice.refresh_from_db()
    assert (alice.language, alice.time_zone) == ("", "")
    assert words(client, **{"Accept-Language": "en"}) == ["en", "UTC"]


@pytest.mark.parametrize(
    ("path", "data", "sentence"),
    [
        ("/settings/language", {"language": "tlh"}, "Choose Japanese or English"),
        ("/settings/time-zone", {"time_zone": "Mars/Base"}, "Use a name such as Asia/Tokyo"),
    ],
)
def test_a_senseless_choice_is_explained(
    client: Client, alice: User, path: str, data: dict[str, str], sentence: str
) -> None:
    response = client.post(path, data)
    assert response.status_code == 400
    assert sentence in response.content.decode()
    alice.refresh_from_db()
    assert (alice.language, alice.time_zone) == ("", "")


@pytest.mark.parametrize("path", ["/settings/language", "/settings/time-zone"])
@pytest.mark.asvs("V1.2.2")
def test_a_choice_leads_back_only_to_ourselves(client: Client, path: str) -> None:
    assert client.post(path, {"next": "//evil"}).url == "/"
    assert client.post(path, {"next": "/machines"}).url == "/machines"


def test_a_choice_touches_nobody_else(client: Client, bob: User) -> None:
    client.post("/settings/language", {"language": "ja"})
    bob.refresh_from_db()
    assert bob.language == ""
