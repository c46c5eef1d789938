"""The log refuses to be changed: by the database, whoever asks, and by the model, before it comes to that."""

import pytest
from django.db import DatabaseError, connection, transaction

from portal.audit.actors import Actor
from portal.audit.catalogue import ACCESS_REFUSED
from portal.audit.models import AppendOnlyError, AuditEvent
from portal.audit.services import record

COLUMNS = ", ".join(field.column for field in AuditEvent._meta.concrete_fields if field.column != "id")
FORGED = COLUMNS.replace("actor_name", "'forged'")
OF_ANOTHER_ID = FORGED.replace("event_id", "'99999999999949998999999999999999'")
OF_ANOTHER_PLACE = FORGED.replace("sequence", "sequence + 1")
OF_ANOTHER_ID_AND_PLACE = OF_ANOTHER_ID.replace("sequence", "sequence + 1")
INTO_LOG = f"INTO audit_auditevent ({COLUMNS})"
INTO_LOG_BY_KEY = f"INTO audit_auditevent (id, {COLUMNS})"
FROM_LOG = "FROM audit_auditevent WHERE true"
STATEMENTS = [
    "UPDATE audit_auditevent SET actor_name = 'forged'",
    "UPDATE audit_auditevent SET id = id + 1000",
    "DELETE FROM audit_auditevent",
    "DELETE FROM audit_auditevent WHERE sequence = 1",
    *{
        "sqlite": [
            " ".join(["INSERT OR REPLACE", INTO_LOG_BY_KEY, "SELECT id,", FORGED, FROM_LOG]),
            " ".join(["INSERT OR REPLACE", INTO_LOG, "SELECT", FORGED, FROM_LOG]),
            " ".join(["REPLACE", INTO_LOG_BY_KEY, "SELECT id,", OF_ANOTHER_ID_AND_PLACE, FROM_LOG]),
            " ".join(["REPLACE", INTO_LOG, "SELECT", OF_ANOTHER_PLACE, FROM_LOG]),
            " ".join(["REPLACE", INTO_LOG, "SELECT", OF_ANOTHER_ID, FROM_LOG]),
            " ".join(["INSERT", INTO_LOG, "SELECT", FORGED, FROM_LOG, "ON CONFLICT DO UPDATE SET actor_name = 'x'"]),
        ],
        "postgresql": [
            "TRUNCATE audit_auditevent",
            "TRUNCATE audit_auditevent CASCADE",
            "SET LOCAL session_replication_role = replica; DELETE FROM audit_auditevent",
            "SET LOCAL session_replication_role = replica; TRUNCATE audit_auditevent",
            " ".join(["INSERT", INTO_LOG, "SELECT", FORGED, FROM_LOG])
            + " ON CONFLICT (event_id) DO UPDATE SET subject = ''",
        ],
    }[connection.vendor],
]


def record_one() -> AuditEvent:
    with transaction.atomic():
        return record(action=ACCESS_REFUSED, actor=Actor.system("expiry"), subject="reimage_request:1")


@pytest.fixture
def event(db: None) -> AuditEvent:
    return record_one()


@pytest.mark.parametrize("statement", STATEMENTS)
@pytest.mark.asvs("V16.4.2")
def test_it_refuses_a_statement_that_would_change_an_event(event: AuditEvent, statement: str) -> None:
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)
    assert AuditEvent.objects.get().actor_name == "expiry"


def test_it_refuses_to_save_an_event_again(event: AuditEvent) -> None:
    event.actor_name = "forged"
    with pytest.raises(AppendOnlyError, match="saving a recorded event again is refused"):
        event.save()


def test_it_refuses_to_save_over_an_event_by_its_key(event: AuditEvent) -> None:
    forged = AuditEvent(pk=event.pk, actor_name="forged")
    with pytest.raises(AppendOnlyError):
        forged.save(update_fields=["actor_name"])
    with pytest.raises(AppendOnlyError):
        forged.save(force_update=True)
    with pytest.raises(DatabaseError), transaction.atomic():
        forged.save()
    assert AuditEvent.objects.get().actor_name == "expiry"


def test_it_refuses_to_delete_an_event(event: AuditEvent) -> None:
    with pytest.raises(AppendOnlyError, match="deleting an event is refused"):
        event.delete()


def test_it_refuses_to_change_events_through_a_queryset(event: AuditEvent) -> None:
    events = AuditEvent.objects.all()
    with pytest.raises(AppendOnlyError, match=r"update\(\)"):
        events.update(actor_name="forged")
    with pytest.raises(AppendOnlyError, match=r"delete\(\)"):
        events.delete()
    with pytest.raises(AppendOnlyError, match=r"bulk_create\(\)"):
        events.bulk_create([event], update_conflicts=True, unique_fields=["event_id"], update_fields=["actor_name"])
    with pytest.raises(AppendOnlyError, match=r"bulk_update\(\)"):
        events.bulk_update([event], ["actor_name"])


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("_time", [1, 2])
def test_it_refuses_changes_also_after_the_tables_were_emptied_between_tests(_time: int) -> None:
    record_one()
    assert AuditEvent.objects.count() == 1
    for statement in STATEMENTS:
        with pytest.raises(DatabaseError, match="append-only"), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement)
