"""One event in full: every word of its body, its actor as key and as text, and its digest."""

import html
import json
import re

import pytest
from django.test import Client

from portal.audit.actors import Actor
from portal.audit.labels import register_labels
from portal.audit.models import AuditEvent
from portal.audit.presentation import Entry, entries_of
from portal.identity.models import User
from tests.audit.events import BATCH_01, WEB_01, record_event
from tests.cast import ALICE, TENANT_ID


def text_of(auditor: Client, event: AuditEvent) -> str:
    response = auditor.get(f"/audit/{event.event_id}/")
    assert response.status_code == 200
    return html.unescape(response.content.decode())


def test_it_shows_the_actor_as_key_and_as_text(auditor: Client, alice: User) -> None:
    page = text_of(auditor, record_event(actor=Actor.person(alice)))
    for expected in ("Alice Aoki", str(ALICE.object_id), str(TENANT_ID), "Person"):
        assert expected in page


def test_it_shows_no_key_where_there_is_none(auditor: Client) -> None:
    assert "Object id" not in text_of(auditor, record_event(actor=Actor.system("expiry")))


def test_it_shows_what_the_event_is_about(auditor: Client) -> None:
    page = text_of(auditor, record_event(target=WEB_01, related=[BATCH_01], flags=["delete_warning"]))
    for expected in ("web-01", WEB_01.id, "batch-01", BATCH_01.id, "Delete warning"):
        assert expected in page


def test_it_shows_digests_and_the_place_within_the_request(auditor: Client) -> None:
    first, second = (record_event(subject="reimage_request:12") for _ in range(2))
    page = re.sub(r"\s+", " ", text_of(auditor, second))
    assert second.digest in page
    assert first.digest in page
    assert "event 2 of it" in page
    assert 'href="/audit/?subject=reimage_request%3A12"' in page
    assert "event 1 of it" in text_of(auditor, first)


def test_it_shows_where_the_event_comes_from(auditor: Client, eve: User) -> None:
    auditor.get("/audit/?older=1", REMOTE_ADDR="192.0.2.7")
    auditor.get("/audit/export.csv", REMOTE_ADDR="192.0.2.7")
    event = AuditEvent.objects.get(action="audit_log.exported")
    page = text_of(auditor, event)
    for expected in ("192.0.2.7", event.http_request_id, event.session_reference):
        assert expected
        assert expected in page


def test_it_shows_the_whole_body_as_json(auditor: Client) -> None:
    event = record_event(detail={"comment": "承認します", "virtual_machines": [{"name": "web-01"}]})
    shown = re.search(r"<pre[^>]*><code>(.*?)</code></pre>", text_of(auditor, event), re.DOTALL)
    assert shown is not None
    assert json.loads(shown[1]) == json.loads(bytes(event.body))


def test_it_shows_the_detail_as_terms_with_names(auditor: Client) -> None:
    page = text_of(auditor, record_event(detail={"message": "No.", "unheard_of": {"rows": 7}}))
    assert re.search(r"<dt>Message</dt>\s*<dd>\s*<bdi[^>]*>No\.</bdi>", page)
    assert re.search(r"<dt>unheard_of</dt>\s*<dd>\s*<dl[^>]*>\s*<dt>Rows</dt>\s*<dd>\s*<bdi[^>]*>7</bdi>", page)


def test_it_says_that_there_is_no_detail(auditor: Client) -> None:
    assert "no further detail" in text_of(auditor, record_event())


def test_it_keeps_the_lines_of_a_text_apart(auditor: Client) -> None:
    assert "disk is full<br>please" in text_of(
        auditor, record_event(detail={"justification": "disk is full\r\nplease"})
    )


@pytest.mark.parametrize("event_id", ["99999999-9999-4999-8999-999999999999", "1"])
def test_it_does_not_find_an_event_that_does_not_exist(auditor: Client, event_id: str) -> None:
    assert auditor.get(f"/audit/{event_id}/").status_code == 404


def test_entries_name_number_and_nest_what_a_detail_holds() -> None:
    register_labels(justification="Justification")
    detail = {"justification": "full", "list": ["a", {"rows": 1}], "none": None, "no": [], "on": True, "off": False}
    assert entries_of(detail) == (
        Entry("Justification", "full"),
        Entry("list", entries=(Entry("1", "a"), Entry("2", entries=(Entry("Rows", "1"),)))),
        Entry("none", "–"),
        Entry("no", "–"),
        Entry("on", "yes"),
        Entry("off", "no"),
    )
