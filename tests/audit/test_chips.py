"""Every filter stands in the address, means the same wherever it is opened, and can be taken away by itself."""

import html
import re

import pytest
import time_machine
from django.test import Client
from django.utils import timezone

from portal.audit.actors import Actor
from portal.audit.disclosure import disclosed_body
from portal.audit.models import AuditEvent
from portal.identity.models import User
from tests.audit.events import WEB_01, record_event


def page(auditor: Client, address: str, **headers: str) -> str:
    response = auditor.get(address, headers=headers)
    assert response.status_code == 200
    return " ".join(html.unescape(response.content.decode()).split())


def chips(text: str) -> dict[str, str]:
    """Where each chip's cross leads, by the words on it."""
    found = re.findall(r'<li class="chip">\s*<span[^>]*>(.*?)</span>\s*<a href="([^"]*)"', text)
    return {re.sub("<[^>]*>", "", words).strip(): address for words, address in found}


ALL = (
    "?person=alice&target=web&subject=%2312&action=access.refused&outcome=success&occurred_from=2024-10-09"
    "&delete_warning=on&zone=Asia/Tokyo&older=3"
)


def test_each_filter_has_a_chip_that_leads_to_the_others(auditor: Client) -> None:
    found = chips(page(auditor, f"/audit/{ALL}".removesuffix("&older=3")))
    assert list(found) == [
        "Person: alice",
        "Machine or object: web",
        "Request: #12",
        "Action: Access refused",
        "Outcome: Done",
        "From: 2024-10-09 (Asia/Tokyo)",
        "With Delete warning",
    ]
    rest = found["Action: Access refused"]
    assert "action=" not in rest
    for kept in ("person=alice", "target=web", "subject=%2312", "outcome=success", "zone=Asia%2FTokyo"):
        assert kept in rest


def test_following_the_crosses_ends_at_the_whole_list(auditor: Client, alice: User) -> None:
    record_event(target=WEB_01)
    address, seen = "/audit/?person=alice&outcome=refused&older=", []
    while found := chips(page(auditor, address)):
        words, address = next(iter(found.items()))
        seen.append(words)
    assert seen == ["Person: alice", "Outcome: Refused"]
    assert "No events yet" not in page(auditor, address)


def test_a_fragment_renews_the_chips(auditor: Client) -> None:
    assert list(chips(page(auditor, "/audit/?target=web", **{"HX-Request": "true"}))) == ["Machine or object: web"]
    assert "Filters in force" not in page(auditor, "/audit/")


def test_hostile_words_are_shown_as_words(auditor: Client) -> None:
    response = auditor.get("/audit/", {"person": "<img src=x>", "<b>": "1"})
    assert "<img" not in response.content.decode()
    assert "<b>" not in response.content.decode()


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("?actor=alice", "There is no filter “actor”."),
        ("?person=alice&person=bob", "The filter “Person” stands in the address twice"),
        ("?zone=Mars/Olympus", "The address names the time zone “Mars/Olympus”, which does not exist."),
        ("?zone=../../etc/passwd", "which does not exist."),
        ("?subject=web-01", "Write the request's number, for example #12."),
        ("?occurred_from=2999-01-01", "This day has not come yet"),
    ],
)
def test_a_senseless_filter_shows_nothing_and_says_what_is_wrong(auditor: Client, query: str, words: str) -> None:
    record_event(target=WEB_01)
    text = page(auditor, f"/audit/{query}")
    assert words in text
    assert "The filter cannot be used as it is" in text
    assert "<table" not in text
    assert auditor.get(f"/audit/export.csv{query}").status_code == 302
    assert auditor.get(f"/audit/export.jsonl{query}").status_code == 302
    assert not AuditEvent.objects.filter(action="audit_log.exported").exists()


def test_a_filter_that_does_not_exist_can_be_removed(auditor: Client) -> None:
    found = chips(page(auditor, "/audit/?actor=alice&outcome=refused"))
    assert found["actor: alice"] == "/audit/?outcome=refused"


def test_days_mean_the_same_wherever_the_address_is_opened(auditor: Client, carol: User) -> None:
    with time_machine.travel("2024-10-08T16:00:00Z", tick=False):  # already the 9th in Tokyo
        record_event(target=WEB_01)
    address = "/audit/?occurred_from=2024-10-09&occurred_to=2024-10-09"
    for zone, is_there in (("Asia/Tokyo", True), ("UTC", False)):
        with timezone.override("Europe/Paris"):
            assert ("web-01</bdi>" in page(auditor, f"{address}&zone={zone}")) is is_there
    carol.time_zone = "Asia/Tokyo"
    carol.save()
    text = page(auditor, address)
    assert "web-01</bdi>" in text
    assert '<input type="hidden" name="zone" value="Asia/Tokyo"' in text


@pytest.mark.parametrize("typed", ["#12", "12", "＃１２", " #12 ", "reimage_request:12"])
def test_a_request_is_found_however_its_number_is_typed(auditor: Client, typed: str) -> None:
    record_event(target=WEB_01, subject="reimage_request:12")
    assert "web-01</bdi>" in page(auditor, f"/audit/?subject={html.escape(typed).replace('#', '%23')}")


def test_the_export_tells_the_zone_of_its_days(auditor: Client, alice: User) -> None:
    record_event(actor=Actor.person(alice))
    b"".join(auditor.get("/audit/export.csv?occurred_from=2024-10-09&zone=Asia/Tokyo").streaming_content)
    event = AuditEvent.objects.get(action="audit_log.exported")
    assert disclosed_body(event)["detail"] == {
        "filter": {"occurred_from": "2024-10-09", "zone": "Asia/Tokyo"},
        "format": "csv",
        "rows": 1,
    }
