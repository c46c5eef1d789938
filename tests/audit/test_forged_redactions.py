"""Events that look like redactions, as whoever may add events can add any number of, and what they do not stop."""

from contextlib import suppress
from io import StringIO
from typing import Any
from uuid import uuid4

import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError, DataError, IntegrityError, connection, transaction

from portal.audit import redaction
from portal.audit.canonical import NotCanonical
from portal.audit.catalogue import AUDIT_REDACTED
from portal.audit.models import AuditEvent, AuditPersonalText
from portal.audit.personal import LARGEST_REDACTION, LONGEST_FIELD, Personal
from portal.audit.redaction import FIELDS_A_REDACTION, LONGEST_REASON, redact, texts_of_event
from portal.audit.services import record
from portal.errors import Problem
from tests.audit.events import record_event
from tests.audit.people import GROUND, OPERATOR, by_alice, redact_person, texts_left
from tests.audit.sealing.logs import SealedLog
from tests.cast import ALICE, TENANT_ID
from tests.evidence.altering import add, body_of

ABOUT = {"kind": "audit_event", "id": str(uuid4()), "label": ""}
pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("change", [{}, {"target": ABOUT}, {"target": ABOUT, "detail": {"fields": [[1]]}}])
def test_a_column_that_calls_another_event_one_is_tampering_and_no_error(
    log: SealedLog, change: dict[str, Any]
) -> None:
    (event,) = log.grow(1)
    with transaction.atomic():
        add(body_of(event) | change, action=AUDIT_REDACTED.name)
    log.seal()
    log.anchor()
    assert any(found.endswith("column action is not what its body says") for found in log.verify().tampered)


@pytest.mark.parametrize("body", [b"\xff\xfe", b"a\x00b", b"\xed\xa0\x80"])
def test_bytes_that_are_no_text_keep_nothing_in_the_log(body: bytes) -> None:
    events = [by_alice(), by_alice()]
    add_redaction_of(events[1], body)
    assert redact_person().texts == 4
    assert texts_left() == set()


def add_redaction_of(event: AuditEvent, body: bytes) -> None:
    with transaction.atomic():
        add(body_of(event), action=AUDIT_REDACTED.name, target_id=str(event.event_id), body=body)


@pytest.mark.parametrize(("size", "is_read"), [(LARGEST_REDACTION, True), (LARGEST_REDACTION + 1, False)])
def test_the_database_reads_none_that_is_larger_than_a_redaction(size: int, is_read: bool) -> None:
    """Thousands of a megabyte would take it longer than any statement may."""
    event = by_alice()
    add_redaction_of(event, b'"/detail/comment"'.ljust(size))
    with suppress(DatabaseError), transaction.atomic():
        AuditPersonalText.objects.filter(field="/detail/comment").redact()
    assert ("Please, disk is full." not in texts_left()) is is_read


def test_the_largest_redaction_is_read() -> None:
    below = {"x" * (LONGEST_FIELD - 20): [Personal("x")] * FIELDS_A_REDACTION}
    event = record_event(detail=below)
    redact(texts=texts_of_event(event.event_id), reason="\x01" * LONGEST_REASON, actor=OPERATOR)
    assert texts_left() == set()


@pytest.mark.parametrize("error", [NotCanonical("is a float"), DataError("no number"), IntegrityError("refused")])
def test_an_event_that_cannot_be_redacted_keeps_no_other_in_the_log(
    monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    """None is known. Whoever may add events will look for one."""
    events = [by_alice(str(number)) for number in range(3)]

    def refuses_the_second(**parts: Any) -> AuditEvent:
        if parts["target"].id == str(events[1].event_id):
            raise error
        return record(**parts)

    monkeypatch.setattr(redaction, "record", refuses_the_second)
    out = StringIO()
    person = ("--person", str(TENANT_ID), str(ALICE.object_id), "--reason", GROUND)
    with pytest.raises(CommandError, match=f"Not redacted, and not changed: {events[1].event_id}"):
        call_command("audit_redact", *person, stdout=out)
    assert out.getvalue().startswith("Redacted: 4 texts of 2 events.")
    assert texts_left() == {"Alice Aoki", "1"}


def test_a_longer_reason_is_refused_and_changes_nothing() -> None:
    event = by_alice()
    with pytest.raises(Problem, match="1000 characters at the most, and this one has 1001"):
        redact(texts=texts_of_event(event.event_id), reason="x" * (LONGEST_REASON + 1), actor=OPERATOR)
    assert texts_left() == {"Alice Aoki", "Please, disk is full."}


@pytest.mark.skipif(connection.vendor != "postgresql", reason="a limit of PostgreSQL's")
def test_however_many_there_are_the_database_may_take_its_time() -> None:
    event, limits = by_alice(), []

    def look(execute: Any, sql: str, *arguments: Any) -> Any:
        if sql.startswith("DELETE"):
            with connection.cursor() as cursor:
                cursor.execute("SHOW statement_timeout")
                limits.append(cursor.fetchone()[0])
        return execute(sql, *arguments)

    with connection.execute_wrapper(look):
        redact(texts=texts_of_event(event.event_id), reason=GROUND, actor=OPERATOR)
    assert limits == ["0"]
