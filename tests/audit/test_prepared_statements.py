"""An event's statements are read and planned once a session at PostgreSQL; no other statement is kept there."""

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from portal.audit.actors import Actor
from portal.audit.models import AuditEvent
from portal.audit.services import record
from portal.postgresql import connection_options
from reimage.audit_actions import OPERATION_ACCEPTED
from tests.crashes.on_postgresql import only_on_postgresql

pytestmark = [pytest.mark.django_db, only_on_postgresql]
OFTEN = connection_options({})["prepare_threshold"] + 1


def record_often() -> None:
    for _ in range(OFTEN):
        record(action=OPERATION_ACCEPTED, actor=Actor.system("test"), subject="chain:1")
        AuditEvent.objects.count()


def prepared() -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT split_part(statement, ' ', 1) FROM pg_prepared_statements ORDER BY 1")
        return [verb for (verb,) in cursor.fetchall()]


def test_both_statements_of_an_event_are_kept_and_no_other() -> None:
    record_often()
    assert prepared() == ["INSERT", "SELECT"]


def test_they_are_seen_like_any_other() -> None:
    record_often()
    with CaptureQueriesContext(connection) as queries:
        record(action=OPERATION_ACCEPTED, actor=Actor.system("test"), subject="chain:1")
    assert [query["sql"].split()[0] for query in queries] == ["SELECT", "INSERT"]


def test_a_transaction_that_failed_leaves_nothing_that_the_next_one_stumbles_over() -> None:
    record_often()
    with transaction.atomic():
        record_often()
        transaction.set_rollback(True)
    record_often()
    assert AuditEvent.objects.filter(subject="chain:1").count() == 2 * OFTEN
