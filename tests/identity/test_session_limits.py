"""Sessions end on the server: thirty minutes after the last deed, eight hours after the sign-in."""

from collections.abc import Iterator

import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from pytest_django import DjangoAssertNumQueries

from portal.audit.models import AuditEvent
from portal.identity import sessions
from portal.identity.models import User
from portal.identity.session_store import OUR_KEYS
from tests.cast import client_of

HTMX = {"HX-Request": "true", "HX-Current-URL": "http://testserver/machines?q=web"}
MINUTE = 60


@pytest.fixture
def time() -> Iterator[time_machine.Traveller]:
    with time_machine.travel("2026-05-01T09:00:00Z", tick=False) as traveller:
        yield traveller


@pytest.fixture
def client(time: time_machine.Traveller, alice: User) -> Client:
    """Alice's browser, signed in at nine."""
    return client_of(alice)


@pytest.mark.asvs("V7.3.1")
def test_it_ends_after_half_an_hour_of_silence(client: Client, time: time_machine.Traveller) -> None:
    key = client.session.session_key
    time.shift(30 * MINUTE)
    response = client.get("/machines?q=web")
    assert response.url == "/sign-in?next=%2Fmachines%3Fq%3Dweb&notice=expired"
    assert not client.session.exists(key)
    assert "Your session has ended" in client.get(response.url).content.decode()


def test_it_lives_on_while_the_person_does_something(client: Client, time: time_machine.Traveller) -> None:
    for _half_hour in range(4):
        time.shift(29 * MINUTE)
        assert client.get("/").status_code == 200


@pytest.mark.asvs("V7.3.2")
def test_it_ends_after_eight_hours_whatever_happens(client: Client, time: time_machine.Traveller) -> None:
    for _step in range(23):
        time.shift(20 * MINUTE)
        assert client.get("/").status_code == 200
    time.shift(20 * MINUTE)
    assert client.get("/").status_code == 302


@pytest.mark.asvs("V7.3.1")
def test_polling_never_extends_it(client: Client, time: time_machine.Traveller) -> None:
    for _step in range(29):
        time.shift(MINUTE)
        assert client.get("/progress").status_code == 200
    time.shift(MINUTE)
    assert client.get("/progress").status_code == 302


def test_it_is_written_once_a_minute_at_most(client: Client, time: time_machine.Traveller) -> None:
    seen = []
    for _step in range(5):
        time.shift(20)
        client.get("/")
        seen.append(client.session[sessions.LAST_SEEN_AT])
    assert len(set(seen)) == 2


def test_an_ordinary_request_costs_two_queries(
    client: Client, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    client.get("/public")
    with django_assert_num_queries(2):  # the session and the user
        client.get("/")


def test_an_htmx_request_is_sent_to_the_sign_in_as_a_whole_page(client: Client, time: time_machine.Traveller) -> None:
    time.shift(31 * MINUTE)
    response = client.get("/progress", headers=HTMX)
    assert response.status_code == 401
    assert response["HX-Redirect"] == "/sign-in?next=%2Fmachines%3Fq%3Dweb&notice=expired"
    assert response.content == b""


def test_an_htmx_request_of_nobody_is_too(db: None) -> None:
    response = Client().get("/progress", headers=HTMX)
    assert response.status_code == 401
    assert response["HX-Redirect"] == "/sign-in?next=%2Fmachines%3Fq%3Dweb"


@pytest.mark.parametrize("current", ["https://evil/machines", "//evil", ""])
def test_htmx_leads_back_only_to_ourselves(db: None, current: str) -> None:
    response = Client().get("/progress", headers={**HTMX, "HX-Current-URL": current})
    assert response["HX-Redirect"] == "/sign-in?next=%2F"


def test_a_form_sent_too_late_leads_back_to_its_page(client: Client, time: time_machine.Traveller) -> None:
    time.shift(31 * MINUTE)
    response = client.post("/machines", headers={"Referer": "http://testserver/machines?q=web"})
    assert response.url == "/sign-in?next=%2Fmachines%3Fq%3Dweb&notice=expired"


@pytest.mark.parametrize("referer", ["https://evil/machines", ""])
def test_a_form_from_elsewhere_leads_to_the_start(client: Client, time: time_machine.Traveller, referer: str) -> None:
    time.shift(31 * MINUTE)
    assert client.post("/machines", headers={"Referer": referer}).url == "/sign-in?next=%2F&notice=expired"


def test_a_form_of_a_session_that_was_ended_elsewhere_is_told_so_and_leads_back(client: Client, alice: User) -> None:
    client_of(alice).post("/settings/sessions/end")
    response = client.post("/deed", {"words": "so be it"}, headers={"Referer": "http://testserver/machines?q=web"})
    assert response.url == "/sign-in?next=%2Fmachines%3Fq%3Dweb&notice=expired"
    page = client.get(response.url).content.decode()
    assert "it was ended elsewhere" in page
    assert "nothing was sent or changed" in page
    assert 'name="next" value="/machines?q=web"' in page


def test_so_is_a_form_of_a_browser_that_kept_no_cookie(db: None) -> None:
    response = Client().post("/deed", headers={"Referer": "http://testserver/machines"})
    assert response.url == "/sign-in?next=%2Fmachines&notice=expired"
    response = Client().post("/deed", headers=HTMX)
    assert response.status_code == 401
    assert response["HX-Redirect"] == "/sign-in?next=%2Fmachines%3Fq%3Dweb&notice=expired"


def test_who_only_looks_is_told_of_no_session(client: Client, alice: User) -> None:
    client_of(alice).post("/settings/sessions/end")
    for browser in (client, Client()):
        assert browser.get("/machines?q=web").url == "/sign-in?next=/machines%3Fq%3Dweb"
        assert browser.head("/machines").url == "/sign-in?next=/machines"


def test_a_public_page_stays_open_to_an_ended_session(client: Client, time: time_machine.Traveller) -> None:
    time.shift(31 * MINUTE)
    assert client.get("/public").content == b"signed in: False"


def test_an_ended_session_shows_no_name_on_a_page_that_is_not_there(
    client: Client, time: time_machine.Traveller
) -> None:
    key = client.session.session_key
    time.shift(31 * MINUTE)
    assert client.get("/nowhere").status_code == 404
    assert not client.session.exists(key)


@pytest.mark.asvs("V7.2.1")
def test_a_session_without_clocks_has_ended(client: Client) -> None:
    session = client.session
    del session[sessions.SIGNED_IN_AT]
    session.save()
    assert client.get("/").status_code == 302


@pytest.mark.asvs("V16.3.1")
def test_the_end_is_recorded_once(client: Client, time: time_machine.Traveller, alice: User) -> None:
    time.shift(31 * MINUTE)
    client.get("/")
    client.get("/")
    event = AuditEvent.objects.get()
    assert event.action == "session.expired"
    assert event.actor_object_id == str(alice.object_id)


def test_the_session_of_a_person_who_is_gone_has_ended(client: Client, alice: User) -> None:
    alice.delete()
    assert client.get("/").status_code == 302


@pytest.mark.parametrize("key", [r"\000aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "A" * 32, "a" * 31, "' OR 1=1 --"])
def test_a_key_that_was_never_given_out_is_not_looked_up(db: None, key: str) -> None:
    browser = Client()
    browser.cookies["session"] = key
    with CaptureQueriesContext(connection) as captured:
        response = browser.get("/machines")
    assert response.url == "/sign-in?next=/machines"
    assert not [query for query in captured if "identity_session" in query["sql"]]


def test_a_key_that_was_given_out_is_kept(client: Client) -> None:
    assert client.get("/").status_code == 200
    assert OUR_KEYS.fullmatch(str(client.session.session_key))
