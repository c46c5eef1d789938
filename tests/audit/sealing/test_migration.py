"""A log from before personal texts had a table of their own is migrated, and stays sound: no false alarm."""

import hashlib
from collections.abc import Iterator
from uuid import UUID

import pytest
from django.core.management import call_command
from django.db import DatabaseError, connection

from portal.audit.canonical import canonical_bytes
from portal.audit.disclosure import disclosed_body
from portal.audit.models import AuditCheckpoint, AuditEvent
from portal.audit.projection import columns_of
from portal.audit.sealing.anchor_file import append_notes
from portal.audit.verification.reading import as_stored
from tests.audit.people import actor_of, by_alice, redact_person
from tests.audit.sealing.logs import SealedLog
from tests.cast import ALICE, BOB, TENANT_ID

BODY = {
    "version": 1,
    "occurred_at": "2026-11-25T04:45:00.123456Z",
    "action": "reimage_request.approved",
    "outcome": "success",
    "actor": {"kind": "person", "tenant_id": str(TENANT_ID), "object_id": str(ALICE.object_id), "name": "Alice Aoki"},
    "target": {"kind": "person", "id": "1", "label": "Bob Baba"},
    "related": [],
    "subject": "",
    "sequence": None,
    "previous_digest": "",
    "flags": [],
    "detail": {"comment": "Please."},
    "address": "192.0.2.7",
    "session_reference": "",
    "http_request_id": "",
}


def insert_as_it_was(number: int) -> None:
    """An event of version 1 in a table that has no column for personal fields yet."""
    body = canonical_bytes(BODY | {"event_id": str(UUID(int=number))})
    columns = columns_of(body) | {"body": body, "digest": hashlib.sha256(body).hexdigest()}
    assert columns.pop("personal_fields") == ""
    marks = ", ".join(["%s"] * len(columns))
    with connection.cursor() as cursor:
        values = [as_stored(value) for value in columns.values()]
        cursor.execute(f"INSERT INTO audit_auditevent ({', '.join(columns)}) VALUES ({marks})", values)


@pytest.fixture
def before(transactional_db: None) -> Iterator[None]:
    """The tables as they were."""
    call_command("migrate", "audit", "0004", verbosity=0)
    yield
    call_command("migrate", "audit", verbosity=0)


def test_a_log_of_before_stays_sound_and_readable(before: None, log: SealedLog) -> None:
    for number in (1, 2, 3):
        insert_as_it_was(number)
    log.seal()
    append_notes(AuditCheckpoint.objects.values_list("note", flat=True))  # the table of anchors was another one
    call_command("migrate", "audit", verbosity=0)
    by_alice()
    log.grow(1)
    assert redact_person().events == 1
    log.grow(1, actor=actor_of(BOB))
    verdict = log.verify()
    assert (verdict.exit_code, verdict.tampered, verdict.sealed) == (0, [], 7)
    old = AuditEvent.objects.get(event_id=UUID(int=1))
    assert (old.actor_text, old.target_text, old.address_text) == ("Alice Aoki", "Bob Baba", "192.0.2.7")
    assert disclosed_body(old)["detail"] == {"comment": "Please."}
    for table in ("audit_auditevent", "audit_auditpersonaltext", "audit_auditleaf"):
        with pytest.raises(DatabaseError, match="append-only"), connection.cursor() as cursor:
            cursor.execute(f"DELETE FROM {table}")
