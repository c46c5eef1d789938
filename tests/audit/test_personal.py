"""Commitments: what is personal is in no column and no body, and stands beside the log until it is redacted."""

import hashlib
import json

import pytest
from django.db import connection

from portal.audit.actors import Actor, Target
from portal.audit.canonical import canonical_bytes
from portal.audit.context import AuditContext, audit_context
from portal.audit.disclosure import disclosed_body
from portal.audit.insertion import log_cursor
from portal.audit.models import AppendOnlyError, AuditEvent, AuditPersonalText
from portal.audit.personal import NotCommittable, Personal, commitments_in, committed
from portal.audit.services import _insert
from portal.audit.text import REDACTED
from portal.audit.text_search import of_person
from tests.audit.events import record_event
from tests.audit.people import about_alice, by_alice

pytestmark = pytest.mark.django_db


def test_no_column_and_no_body_holds_a_personal_text() -> None:
    with audit_context(AuditContext(address="192.0.2.7")):
        by_alice()
        record_event(actor=Actor.unknown("Alice Aoki"), target=Target("person", "1", Personal("Alice Aoki")))
    about_alice()
    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM audit_auditevent")
        rows = " ".join(
            bytes(value).decode() if isinstance(value, bytes | memoryview) else str(value)
            for row in cursor.fetchall()
            for value in row
        )
    assert "personal_sha256" in rows
    for text in ("Alice", "Aoki", "192.0.2.7", "disk is full", "She asked", "Bob"):
        assert text not in rows


def test_equal_texts_have_unequal_commitments_and_salts_of_32_bytes() -> None:
    first, second = by_alice(), by_alice()
    commitments = [commitments_in(json.loads(bytes(event.body)))["/actor/name"] for event in (first, second)]
    assert len(set(commitments)) == 2
    assert {len(bytes(row.salt)) for row in AuditPersonalText.objects.all()} == {32}
    assert len({bytes(row.salt) for row in AuditPersonalText.objects.all()}) == 4


def test_the_words_of_an_event_are_read_through_it() -> None:
    with audit_context(AuditContext(address="192.0.2.7")):
        event = AuditEvent.objects.get(pk=about_alice().pk)
    assert (event.actor_text, event.address_text, event.target_text) == ("Bob Baba", "192.0.2.7", "")
    assert event.personal_fields.split() == ["/actor/name", "/address", "/detail/note", "/related/0/label"]
    assert disclosed_body(event)["related"][0]["label"] == "Alice Aoki"


def test_what_is_no_text_of_a_person_stands_in_the_body_as_it_is() -> None:
    event = record_event(
        actor=Actor.system("expiry"), target=Target("page", "/", "/"), detail={"comment": Personal("")}
    )
    assert event.personal_fields == ""
    assert json.loads(bytes(event.body))["detail"] == {"comment": ""}
    assert not AuditPersonalText.objects.exists()


@pytest.mark.parametrize(
    "detail",
    [
        {"Comment": Personal("x")},
        {'comm"ent': Personal("x")},
        {"two words": Personal("x")},
        {"a/b": {"c~": Personal("x")}},
        {"comment": {"personal_sha256": "0" * 64}},
        {"list": [{"personal_sha256": 1, "more": 2}]},
    ],
)
def test_what_cannot_be_told_apart_later_is_refused(detail: dict[str, object]) -> None:
    with pytest.raises(NotCommittable):
        record_event(detail=detail)
    assert not AuditEvent.objects.exists()


def test_a_text_within_lists_and_mappings_has_a_field_of_its_own() -> None:
    body, texts = committed({"a": [{"b": Personal("x")}, Personal("y")], "c": 1})
    assert [(item.field, item.text) for item in texts] == [("/a/0/b", "x"), ("/a/1", "y")]
    digest = hashlib.sha256(texts[0].salt + b"x").hexdigest()
    assert isinstance(body, dict)
    assert body["a"][0]["b"] == {"personal_sha256": digest}


def test_a_body_of_the_first_version_reads_as_it_always_did() -> None:
    """Texts stood in it; and what looks like a commitment there was somebody's own word."""
    body = json.loads(bytes(record_event().body))
    old = {**body, "version": 1, "event_id": "99999999-9999-4999-8999-999999999999"}
    old |= {"actor": body["actor"] | {"name": "Alice Aoki"}, "detail": {"x": {"y": "Please."}}, "address": "192.0.2.7"}
    with log_cursor() as cursor:
        event = AuditEvent.objects.get(pk=_insert(cursor, json.loads(canonical_bytes(old))).pk)
    assert (event.actor_text, event.address_text, event.personal_fields) == ("Alice Aoki", "192.0.2.7", "")
    old["detail"] = {"personal_sha256": "word"}
    assert commitments_in(old) == {}
    assert disclosed_body(event)["detail"] == {"x": {"y": "Please."}}


def test_a_search_finds_people_by_name_by_key_and_by_label() -> None:
    event, other = by_alice(), about_alice()
    record_event()
    events = AuditEvent.objects.order_by("pk")
    assert list(of_person(events, "alice ao")) == [event]
    assert list(of_person(events, event.actor_object_id)) == [event]
    assert list(of_person(events, "Bob")) == [other]


def test_the_model_refuses_to_change_a_text_or_to_remove_it_besides() -> None:
    by_alice()
    texts = AuditPersonalText.objects.all()
    with pytest.raises(AppendOnlyError, match=r"update\(\)"):
        texts.update(text="x")
    with pytest.raises(AppendOnlyError, match=r"delete\(\)"):
        texts.delete()
    with pytest.raises(AppendOnlyError, match=r"bulk_update\(\)"):
        texts.bulk_update(list(texts), ["text"])
    assert str(texts.order_by("field")[0]).startswith("/actor/name of event")


def test_a_text_that_is_gone_reads_as_redacted() -> None:
    event = by_alice()
    event._prefetched_objects_cache = {"personal_texts": []}
    assert event.actor_text is REDACTED
    assert disclosed_body(event)["detail"] == {"comment": REDACTED, "rows": 7}
