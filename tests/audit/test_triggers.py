"""The triggers come with their migration and go with it, on both databases."""

import pytest
from django.core.management import call_command
from django.db import DatabaseError, connection

from tests.audit.events import record_event


def delete_all() -> None:
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM audit_auditevent")


@pytest.mark.django_db(transaction=True)
def test_the_migration_can_be_undone_and_done_again() -> None:
    record_event()
    try:
        call_command("migrate", "audit", "0001", verbosity=0)
        delete_all()
    finally:
        call_command("migrate", "audit", verbosity=0)
    record_event()
    with pytest.raises(DatabaseError, match="append-only"):
        delete_all()
