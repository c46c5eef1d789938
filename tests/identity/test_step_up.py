"""A grave deed needs a sign-in of the last minutes; an older one is renewed at Entra ID, and what was typed is kept."""

import json
import time
from datetime import UTC, datetime, timedelta

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import Settings
from time_machine import travel

from portal.audit.models import AuditEvent
from portal.identity.models import User
from portal.identity.tokens import LEEWAY_SECONDS
from tests.cast import ALICE, BOB, Part, client_of
from tests.identity.conftest import forget_entra
from tests.identity.entra_server import EntraServer
from tests.identity.journey import Visitor, address_left_for, claims_of, parameters_of

FORM = {"words": ["so <be> it", "and so"], "tick": "on", "password": "Correct-Horse-7"}


@pytest.fixture
def person(alice: User) -> Visitor:
    """Alice, who proved who she is just now."""
    return Visitor(client_of(alice))


def age(visitor: Visitor, minutes: float) -> None:
    """As if she had proved it so long ago; the session itself is young."""
    session = visitor.client.session
    session["identity.authenticated_at"] = int(time.time() - minutes * 60)
    session.save()


def renew(visitor: Visitor, entra: EntraServer, address: str, part: Part = ALICE, **changes: object) -> object:
    """Out to Entra ID and back."""
    sent = parameters_of(address_left_for(visitor.client.get(address)))
    claims = {"auth_time": int(time.time()), **changes}
    entra.id_token = entra.sign(claims_of(part, entra, nonce=sent["nonce"], **claims))
    return visitor.come_back(state=sent["state"], code="a-code")


@pytest.mark.asvs("V7.5.3")
def test_a_young_sign_in_is_enough(person: Visitor) -> None:
    age(person, 14.5)
    assert person.client.post("/deed", FORM).content == b"done: ['so <be> it', 'and so']"


@pytest.mark.asvs("V6.8.4", "V7.5.3", "V7.6.1", "V8.2.4")
@pytest.mark.parametrize("deed", ["/deed", "/unmarked"])
def test_an_older_one_leads_to_entra_and_does_nothing(person: Visitor, entra: EntraServer, deed: str) -> None:
    age(person, 15)
    response = person.client.post(deed, FORM, headers={"Referer": "http://testserver/machines?q=web"})
    assert response.status_code == 302
    assert response.url == "/sign-in/again?next=%2Fmachines%3Fq%3Dweb"
    page = person.client.get(response.url)
    asked = parameters_of(address_left_for(page))
    assert (asked["prompt"], asked["max_age"]) == ("login", "900")
    assert "15 minutes" in page.content.decode()


@pytest.mark.asvs("V7.5.3")
@pytest.mark.parametrize(("seconds", "status"), [(LEEWAY_SECONDS / 2, 200), (LEEWAY_SECONDS * 2, 302)])
def test_one_from_a_time_to_come_is_young_only_as_far_as_clocks_differ(
    person: Visitor, seconds: float, status: int
) -> None:
    """As after the portal's clock was set back: else it would count for as long as that, and the term besides."""
    age(person, -seconds / 60)
    assert person.client.post("/deed", FORM).status_code == status


def test_the_age_is_a_setting(person: Visitor, settings: Settings) -> None:
    settings.STEP_UP_MINUTES = 5
    age(person, 6)
    assert person.client.post("/deed", FORM).status_code == 302


@pytest.mark.parametrize("path", ["/stop", "/machines"])
def test_looking_and_stopping_need_none(person: Visitor, path: str) -> None:
    age(person, 400)
    answer = person.client.post(path) if path == "/stop" else person.client.get(path)
    assert answer.status_code == 200


def test_a_session_that_does_not_know_is_too_old(alice: User) -> None:
    client = Client()
    client.force_login(alice)
    assert client.post("/deed", FORM).status_code == 302


def test_an_htmx_request_is_led_there_as_a_whole_page(person: Visitor) -> None:
    age(person, 20)
    headers = {"HX-Request": "true", "HX-Current-URL": "http://testserver/machines"}
    response = person.client.post("/deed", FORM, headers=headers)
    assert response.status_code == 401
    assert response["HX-Redirect"] == "/sign-in/again?next=%2Fmachines"


def test_what_was_typed_can_be_sent_afterwards_but_no_secret_was_kept(person: Visitor, entra: EntraServer) -> None:
    age(person, 20)
    response = person.client.post("/deed?really=1", FORM)
    assert renew(person, entra, response.url).url == "/sign-in/resume"
    page = person.client.get("/sign-in/resume").content.decode()
    assert 'action="/deed?really=1"' in page
    assert 'name="words" value="so &lt;be&gt; it"' in page
    assert 'name="words" value="and so"' in page
    assert 'name="tick" value="on"' in page
    assert "Correct-Horse" not in page + json.dumps(dict(person.client.session.items()))
    assert person.client.post("/deed", FORM).status_code == 200
    assert person.client.get("/sign-in/resume").url == "/"


def test_of_an_unmarked_deed_nothing_is_kept(person: Visitor, entra: EntraServer) -> None:
    age(person, 20)
    response = person.client.post("/unmarked", FORM, headers={"Referer": "http://testserver/machines"})
    renew(person, entra, response.url)
    assert "so <be> it" not in json.dumps(dict(person.client.session.items()))
    assert person.client.get("/sign-in/resume").url == "/machines"


def test_a_form_beyond_measure_is_not_kept(person: Visitor) -> None:
    age(person, 20)
    person.client.post("/deed", {"words": "x" * 8_001})
    assert "xxxx" not in json.dumps(dict(person.client.session.items()))


def test_what_is_kept_is_gone_after_ten_minutes(person: Visitor) -> None:
    age(person, 20)
    person.client.post("/deed", FORM)
    with travel(timezone.now() + timedelta(seconds=601), tick=False):
        assert person.client.get("/sign-in/resume").url == "/"


@pytest.mark.asvs("V6.8.4")
@pytest.mark.parametrize("minutes", [None, 16, 600])
def test_an_answer_without_a_fresh_proof_is_refused(person: Visitor, entra: EntraServer, minutes: float | None) -> None:
    """Whoever takes prompt and max_age out of the address gets a token, but not in."""
    age(person, 20)
    address = person.client.post("/deed", FORM).url
    stale = None if minutes is None else int(time.time() - minutes * 60)
    response = renew(person, entra, address, auth_time=stale)
    assert response.status_code == 403
    assert "not_fresh_enough (auth_time)" in response.content.decode()
    assert b'"reason":"not_fresh_enough"' in bytes(AuditEvent.objects.get(action="session.refused").body)
    assert person.client.post("/deed", FORM).status_code == 302


def test_where_entra_fails_it_is_renewed_by_the_pages_link_and_what_was_typed_is_there(
    person: Visitor, entra: EntraServer
) -> None:
    age(person, 20)
    address = person.client.post("/deed", FORM).url
    entra.answers["/token"] = (503, "busy", {})
    page = renew(person, entra, address).content.decode()
    assert 'href="/sign-in/again?next=%2Fsign-in%2Fresume">Sign in again</a>' in page
    entra.answers.clear()
    forget_entra()  # msal itself asks again only after some seconds
    assert renew(person, entra, "/sign-in/again?next=%2Fsign-in%2Fresume").url == "/sign-in/resume"
    assert 'name="words" value="and so"' in person.client.get("/sign-in/resume").content.decode()


NOT_YOURS = "is for the person who began it to confirm: nothing was sent"


def test_somebody_else_who_signs_in_finds_nothing_kept_and_is_told_so(person: Visitor, entra: EntraServer) -> None:
    age(person, 20)
    address = person.client.post("/deed", FORM).url
    assert renew(person, entra, address, part=BOB).url == "/"
    page = person.client.get("/").content.decode()
    assert "You are signed in as Bob Baba now." in page
    assert NOT_YOURS in page
    assert NOT_YOURS not in person.client.get("/").content.decode()  # once
    assert person.client.get("/sign-in/resume").url == "/"
    assert "so <be> it" not in json.dumps(dict(person.client.session.items()))


def test_nor_is_somebody_else_led_to_the_page_of_the_step(person: Visitor, entra: EntraServer) -> None:
    """Where nothing was typed, the way back is a page, which may be one that only the first person may see."""
    age(person, 20)
    assert renew(person, entra, "/sign-in/again?next=/machines", part=BOB).url == "/"
    assert NOT_YOURS in person.client.get("/").content.decode()


def test_the_person_who_began_it_is_told_nothing_of_the_kind(person: Visitor, entra: EntraServer) -> None:
    age(person, 20)
    assert renew(person, entra, "/sign-in/again?next=/machines").url == "/machines"
    assert NOT_YOURS not in person.client.get("/machines").content.decode()


def test_nor_is_who_signs_in_after_somebody_else(person: Visitor, entra: EntraServer) -> None:
    """A sign-in by the button confirms nothing."""
    assert person.sign_in(BOB, entra, "/machines").url == "/machines"
    assert NOT_YOURS not in person.client.get("/machines").content.decode()


def test_with_a_young_sign_in_there_is_nothing_to_renew(person: Visitor) -> None:
    assert person.client.get("/sign-in/again?next=/machines").url == "/machines"
    assert person.client.get("/sign-in/again?next=https://evil.example").url == "/"


@pytest.mark.asvs("V6.3.3", "V6.8.4")
def test_a_context_is_asked_for_and_must_be_in_the_token(
    person: Visitor, entra: EntraServer, settings: Settings
) -> None:
    settings.STEP_UP_ACRS = "c1"
    address = person.client.post("/deed", FORM).url
    asked = parameters_of(address_left_for(person.client.get(address)))
    assert json.loads(asked["claims"]) == {"id_token": {"acrs": {"essential": True, "value": "c1"}}}
    refused = renew(person, entra, address, acrs=["c2"])
    assert "not_fresh_enough (acrs)" in refused.content.decode()
    renew(person, entra, address, acrs=["c1", "c2"])
    assert person.client.post("/deed", FORM).status_code == 200


def test_the_event_of_a_sign_in_says_when_the_person_proved_who_they_are(visitor: Visitor, entra: EntraServer) -> None:
    visitor.sign_in(ALICE, entra, auth_time=1_800_000_000)
    detail = json.loads(bytes(AuditEvent.objects.get(action="session.signed_in").body))["detail"]
    assert datetime.fromisoformat(detail["authenticated_at"]) == datetime.fromtimestamp(1_800_000_000, UTC)


@pytest.mark.asvs("V8.2.4")
def test_a_renewed_sign_in_brings_the_groups_of_now(person: Visitor, entra: EntraServer, alice: User) -> None:
    """A membership that ended at Entra ID is thus gone before the deed."""
    age(person, 15)
    address = person.client.post("/deed", FORM).url
    renew(person, entra, address, groups=[], roles=[])
    alice.refresh_from_db()
    assert (alice.group_ids, alice.app_roles) == ([], [])


def test_a_renewal_that_was_refused_begins_anew_as_a_renewal(person: Visitor, entra: EntraServer) -> None:
    age(person, 15)
    begun = person.client.post("/deed", FORM).url
    response = renew(person, entra, begun, auth_time=int(time.time()) - 3_600)
    page = response.content.decode()
    assert "not_fresh_enough" in page
    assert 'href="/sign-in/again?next=%2Fsign-in%2Fresume"' in page
    assert 'action="/sign-in"' not in page.partition("<main")[2]
