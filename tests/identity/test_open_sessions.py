"""People see where they are signed in and end what is not theirs any more; administrators end anybody's."""

from typing import Any

import pytest
import time_machine
from django.contrib.sessions.backends.base import UpdateError
from django.test import Client

from portal.audit.context import session_reference
from portal.audit.models import AuditEvent
from portal.identity.models import Session, User
from tests.cast import ALICE, client_of
from tests.identity.entra_server import EntraServer
from tests.identity.journey import Visitor

FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0"
OWN, END, PEOPLE = "/settings/sessions", "/settings/sessions/end", "/sessions/"


def reference(client: Client) -> str:
    return session_reference(str(client.session.session_key))


def is_signed_in(client: Client) -> bool:
    return client.get("/").status_code == 200


def shown(client: Client) -> list[Any]:
    return list(client.get(OWN).context["sessions"])


def last_event() -> AuditEvent:
    return AuditEvent.objects.get(action="session.ended")


@pytest.mark.asvs("V7.5.2")
def test_ones_own_are_listed_this_one_first(alice: User, bob: User) -> None:
    with time_machine.travel("2026-05-01T09:00:00Z", tick=False) as time:
        here, there = client_of(alice), client_of(alice)
        client_of(bob)
        time.shift(600)
        there.get("/")
        rows = shown(here)
    assert [(row.reference, row.is_this) for row in rows] == [(reference(here), True), (reference(there), False)]
    assert [row.signed_in_at.isoformat() for row in rows] == ["2026-05-01T09:00:00+00:00"] * 2
    assert rows[1].last_seen_at.isoformat() == "2026-05-01T09:10:00+00:00"


def test_one_whose_time_is_over_is_not_listed(alice: User) -> None:
    with time_machine.travel("2026-05-01T09:00:00Z", tick=False) as time:
        client_of(alice)
        time.shift(31 * 60)
        assert [row.is_this for row in shown(client_of(alice))] == [True]


def test_it_says_browser_and_address_of_the_sign_in(visitor: Visitor, entra: EntraServer) -> None:
    visitor.client.defaults |= {"HTTP_USER_AGENT": FIREFOX, "REMOTE_ADDR": "203.0.113.7"}
    visitor.sign_in(ALICE, entra)
    page = visitor.client.get(OWN, REMOTE_ADDR="203.0.113.8").content.decode()
    assert "Firefox, Linux" in page
    assert "203.0.113.7" in page


@pytest.mark.asvs("V3.3.4", "V7.2.1")
def test_no_page_holds_a_key_that_opens_a_session(alice: User) -> None:
    here, there = client_of(alice), client_of(alice)
    page = here.get(OWN).content.decode()
    assert reference(there) in page
    assert str(there.session.session_key) not in page
    assert str(here.session.session_key) not in page


@pytest.mark.asvs("V7.5.2")
def test_ending_one_ends_it_at_once_and_no_other(alice: User) -> None:
    here, there, third = (client_of(alice) for _ in range(3))
    ended = reference(there)
    assert here.post(END, {"session": ended}).status_code == 302
    assert [is_signed_in(client) for client in (here, there, third)] == [True, False, True]
    event = last_event()
    assert event.actor_object_id == str(alice.object_id)
    assert ended.encode() in bytes(event.body)


@pytest.mark.asvs("V7.5.2")
def test_ending_all_others_leaves_this_one_and_other_people(alice: User, bob: User) -> None:
    here, his = client_of(alice), client_of(bob)
    others = [client_of(alice), client_of(alice)]
    page = here.post(END, follow=True).content.decode()
    assert "2 sessions were ended." in page
    assert [is_signed_in(client) for client in (here, *others, his)] == [True, False, False, True]


def test_a_session_that_is_used_while_it_ends_does_not_come_back(alice: User) -> None:
    """The other browser's request read its session before it was ended, and saves it afterwards."""
    here, there = client_of(alice), client_of(alice)
    under_way = there.session
    assert under_way["_auth_user_id"] == str(alice.pk)
    here.post(END)
    under_way["anything"] = "written late"
    with pytest.raises(UpdateError):
        under_way.save()
    assert not is_signed_in(there)


def test_ending_is_no_link(alice: User) -> None:
    here, there = client_of(alice), client_of(alice)
    assert here.get(END, {"session": reference(there)}).status_code == 405
    assert is_signed_in(there)


@pytest.mark.asvs("V7.5.2")
def test_nobody_ends_a_strangers(alice: User, eve: User) -> None:
    hers, client = client_of(alice), client_of(eve)
    assert client.post(END, {"session": reference(hers)}).status_code == 404
    client.post(END)
    assert is_signed_in(hers)


def test_the_second_time_there_is_nothing_to_end(alice: User) -> None:
    here, there = client_of(alice), client_of(alice)
    fields = {"session": reference(there)}
    assert [here.post(END, fields).status_code for _ in range(2)] == [302, 404]
    assert AuditEvent.objects.filter(action="session.ended").count() == 1


def test_this_one_is_not_ended_as_if_it_were_another(alice: User) -> None:
    here = client_of(alice)
    assert here.post(END, {"session": reference(here)}).status_code == 404
    assert is_signed_in(here)


@pytest.mark.asvs("V7.5.2")
def test_an_old_sign_in_is_renewed_first(alice: User) -> None:
    here, there = client_of(alice), client_of(alice)
    session = here.session
    session["identity.authenticated_at"] -= 3_600
    session.save()
    assert here.post(END, {"session": reference(there)}).url.startswith("/sign-in/again")
    assert is_signed_in(there)
    assert reference(there) in here.get("/sign-in/resume").content.decode()


@pytest.mark.asvs("V7.4.5")
def test_an_administrator_signs_somebody_out_everywhere(alice: User, bob: User, dan: User) -> None:
    hers, his = [client_of(alice), client_of(alice)], client_of(bob)
    browser = client_of(dan)
    assert "Alice Aoki" in browser.get(PEOPLE).content.decode()
    assert browser.post(f"{PEOPLE}{alice.pk}/end").status_code == 302
    assert [is_signed_in(client) for client in (*hers, his, browser)] == [False, False, True, True]
    assert "Alice Aoki" not in browser.get(PEOPLE).content.decode().partition("<main")[2].partition("<table")[2]
    event = last_event()
    assert event.actor_object_id == str(dan.object_id)
    assert str(alice.object_id).encode() in bytes(event.body)
    assert browser.post(f"{PEOPLE}{alice.pk}/end").status_code == 404
    assert browser.get(f"{PEOPLE}{bob.pk}/end").status_code == 405


@pytest.mark.asvs("V7.4.5")
@pytest.mark.parametrize("who", ["alice", "carol", "eve"])
def test_nobody_else_does_or_sees_who_is_signed_in(request: pytest.FixtureRequest, bob: User, who: str) -> None:
    his, browser = client_of(bob), client_of(request.getfixturevalue(who))
    for response in (browser.get(PEOPLE), browser.post(f"{PEOPLE}{bob.pk}/end")):
        assert response.status_code == 403
        assert "Reimage.Administrator" in response.content.decode()
        assert "Bob" not in response.content.decode()
    assert is_signed_in(his)


def test_a_session_knows_its_person_and_tells_nobody_its_key(alice: User) -> None:
    key = client_of(alice).session.session_key
    row = Session.objects.get(user=alice)
    assert row.session_key == key
    assert str(key) not in str(row)
    assert Session.get_session_store_class()(key)["_auth_user_id"] == str(alice.pk)
