"""Redaction: texts and salts go, an event says so, and pages, exports and searches show that something was there."""

import csv
import json
from io import StringIO
from uuid import uuid4

import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connection, transaction
from django.test import Client

from portal.audit import redaction
from portal.audit.actors import Target
from portal.audit.models import AuditEvent, AuditPersonalText
from portal.audit.redaction import Redaction, redact, texts_of_event, texts_of_subject
from portal.audit.text_search import of_person
from portal.errors import Problem, WrongState
from tests.audit.events import record_event
from tests.audit.people import GROUND, OPERATOR, about_alice, by_alice, redact_person, texts_left
from tests.audit.sealing.tampering import run as run_sql
from tests.cast import ALICE, BOB, TENANT_ID

pytestmark = pytest.mark.django_db
BY_PERSON = ("--person", str(TENANT_ID), str(ALICE.object_id), "--reason", GROUND)


def redactions() -> list[AuditEvent]:
    return list(AuditEvent.objects.filter(action="audit.redacted").order_by("pk"))


def test_it_removes_what_a_person_did_and_what_was_said_about_them() -> None:
    by_alice()
    about_alice()
    record_event(target=Target("page", str(ALICE.object_id), "/"))
    assert redact_person() == Redaction(events=2, texts=4)
    assert texts_left() == {"Bob Baba"}


def test_it_records_which_fields_of_which_event_why_and_by_whom_and_not_the_text() -> None:
    event = by_alice()
    redact_person()
    (said,) = redactions()
    body = json.loads(bytes(said.body))
    assert body["target"] == {"kind": "audit_event", "id": str(event.event_id), "label": "access.refused"}
    assert body["detail"] == {"fields": ["/actor/name", "/detail/comment"], "reason": GROUND}
    assert body["actor"]["name"] == "test"
    assert said.personal_fields == ""


def test_a_subject_or_one_event_can_be_redacted_and_nothing_besides() -> None:
    first, second = (by_alice(f"words {number}", subject=f"reimage_request:{number}") for number in (1, 2))
    assert redact(texts=texts_of_subject("reimage_request:1"), reason=GROUND, actor=OPERATOR).events == 1
    assert texts_left() == {"Alice Aoki", "words 2"}
    assert redact(texts=texts_of_event(second.event_id), reason=GROUND, actor=OPERATOR).texts == 2
    assert texts_left() == set()
    assert redactions()[0].target_id == str(first.event_id)


def test_a_second_time_there_is_nothing_left_and_nothing_recorded() -> None:
    by_alice()
    redact_person()
    assert redact_person() == Redaction(events=0, texts=0)
    assert len(redactions()) == 1


@pytest.mark.parametrize("reason", ["", "  \n"])
def test_it_refuses_to_redact_without_a_reason(reason: str) -> None:
    event = by_alice()
    with pytest.raises(Problem, match="needs a reason"):
        redact(texts=texts_of_event(event.event_id), reason=reason, actor=OPERATOR)
    assert texts_left() == {"Alice Aoki", "Please, disk is full."}


def test_of_two_at_once_one_is_told_and_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """The other's deletion commits between our reading and ours."""
    event = by_alice()
    real = redaction.record

    def overtaken(**parts: object) -> AuditEvent:
        recorded = real(**parts)
        AuditPersonalText.objects.filter(field="/actor/name").redact()
        return recorded

    monkeypatch.setattr(redaction, "record", overtaken)
    with pytest.raises(WrongState, match="Somebody else redacts"), transaction.atomic():
        redact(texts=texts_of_event(event.event_id), reason=GROUND, actor=OPERATOR)
    assert not redactions()


def test_what_another_has_just_redacted_is_left_alone() -> None:
    event = by_alice()
    texts = texts_of_event(event.event_id)
    keys = redaction._events_of(texts)
    redact_person()
    (found,) = redaction._sorted_out(texts, keys)
    assert (found.texts, found.has_others) == ([], False)
    assert redaction._redact_event(found, GROUND, OPERATOR) == 0


def run(*arguments: str) -> str:
    out = StringIO()
    call_command("audit_redact", *arguments, stdout=out, stderr=out)
    return out.getvalue()


def test_the_command_says_first_what_it_would_do() -> None:
    event = by_alice()
    said = run(*BY_PERSON, "--dry-run")
    assert f"{event.event_id} access.refused /actor/name\n" in said
    assert said.endswith("2 texts would be redacted. Nothing was changed.\n")
    assert "Alice" not in said
    assert len(texts_left()) == 2


def test_the_command_redacts_and_names_who_ran_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("getpass.getuser", lambda: "dan")
    by_alice()
    assert run(*BY_PERSON).startswith("Redacted: 2 texts of 1 events.")
    assert redactions()[0].actor_text == "manage.py audit_redact (dan)"
    event = by_alice(subject="reimage_request:1")
    assert "2 texts" in run("--subject", "reimage_request:1", "--reason", GROUND)
    assert "0 texts" in run("--event", str(event.event_id), "--reason", GROUND)


def test_the_command_explains_what_it_refuses() -> None:
    with pytest.raises(CommandError, match="needs a reason"):
        run("--event", str(uuid4()), "--reason", " ")
    with pytest.raises(CommandError, match="one of the arguments"):
        run("--reason", GROUND)


@pytest.mark.parametrize("body", [b"\xff{", b"{}", b"[]", b'{"target": null, "related": []}'])
def test_a_damaged_event_is_named_and_keeps_no_other_from_being_redacted(body: bytes) -> None:
    """As a superuser could leave it, with triggers off."""
    by_alice()
    about_alice()
    damaged = about_alice()
    run_sql("UPDATE audit_auditevent SET body = %s WHERE id = %s", parameters=[body, damaged.pk])
    named = f"Event {damaged.event_id} is damaged and may be about this person"
    assert named in run(*BY_PERSON, "--dry-run")
    said = run(*BY_PERSON)
    assert said.startswith("Redacted: 4 texts of 2 events.")
    assert said.count("is damaged") == said.count(named) == 1
    assert set(AuditPersonalText.objects.filter(event=damaged).values_list("text", flat=True)) == {
        "Alice Aoki",
        "Bob Baba",
        "She asked.",
    }
    assert "3 texts" in run("--event", str(damaged.event_id), "--reason", GROUND)
    assert "is damaged" not in run(*BY_PERSON)


def test_pages_and_exports_show_that_a_text_is_redacted(auditor: Client) -> None:
    event = by_alice(subject="reimage_request:1")
    redact_person()
    page = auditor.get(f"/audit/{event.event_id}/").content.decode()
    assert page.count("[redacted]") == 2
    assert f"/audit/{redactions()[0].event_id}/" in page
    assert "<bdi>[redacted]</bdi>" in auditor.get("/audit/?subject=reimage_request:1").content.decode()
    lines = b"".join(auditor.get("/audit/export.csv").streaming_content).decode("utf-8-sig")
    row = next(row for row in csv.DictReader(StringIO(lines)) if row["subject"] == "reimage_request:1")
    assert (row["actor_name"], row["detail"]) == ("[redacted]", '{"comment":"[redacted]","rows":7}')


def test_a_page_says_it_in_japanese(auditor: Client) -> None:
    event = by_alice()
    redact_person()
    page = auditor.get(f"/audit/{event.event_id}/", headers={"Accept-Language": "ja"}).content.decode()
    assert "[redacted]" not in page
    assert page.count("［削除済み］") == 2


def test_a_redacted_person_is_found_by_key_and_by_no_name() -> None:
    by_alice()
    redact_person()
    assert of_person(AuditEvent.objects.all(), str(ALICE.object_id)).count() == 1
    assert not of_person(AuditEvent.objects.all(), "Alice").exists()


FIELDS = "field, salt, text, event_id"
UNEXPLAINED = [
    "DELETE FROM audit_auditpersonaltext",
    "UPDATE audit_auditpersonaltext SET text = 'x'",
    "UPDATE audit_auditpersonaltext SET event_id = event_id + 1",
    *{
        "sqlite": [
            "REPLACE INTO audit_auditpersonaltext SELECT id, field, salt, 'x', event_id FROM audit_auditpersonaltext",
            f"REPLACE INTO audit_auditpersonaltext ({FIELDS}) SELECT {FIELDS} FROM audit_auditpersonaltext",
        ],
        "postgresql": [
            "TRUNCATE audit_auditpersonaltext",
            "SET LOCAL session_replication_role = replica; DELETE FROM audit_auditpersonaltext",
        ],
    }[connection.vendor],
]


@pytest.mark.parametrize("statement", UNEXPLAINED)
def test_the_database_refuses_whatever_no_event_explains(statement: str) -> None:
    by_alice()
    redact_person(BOB)
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)
    assert texts_left() == {"Alice Aoki", "Please, disk is full."}


def test_the_database_lets_go_of_the_fields_that_were_named_and_of_no_other() -> None:
    event = by_alice(comment="Please.")
    redact(texts=texts_of_event(event.event_id).filter(field="/actor/name"), reason='"/detail/comment"', actor=OPERATOR)
    with pytest.raises(DatabaseError, match=r"without an event audit\.redacted"), transaction.atomic():
        AuditPersonalText.objects.filter(field="/detail/comment").redact()
    assert texts_left() == {"Please."}
