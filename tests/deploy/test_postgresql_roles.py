"""The rights of the portal's processes on PostgreSQL, tried out as those roles."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from django.db import DatabaseError, ProgrammingError, connection, transaction

from portal.audit.models import AuditCheckpoint, AuditEvent
from tests.audit.sealing.logs import SealedLog
from tests.audit.sealing.tampering import TABLES

ROLES = Path(__file__).resolve().parents[2] / "deploy" / "postgresql" / "roles.sql"
pytestmark = [
    pytest.mark.django_db,
    pytest.mark.skipif(connection.vendor != "postgresql", reason="roles are PostgreSQL's"),
]
WEB, WORKER, AUDITOR = "reimage_portal_web", "reimage_portal_worker", "reimage_portal_auditor"


@pytest.fixture
def roles(db: None) -> None:
    """The script, twice: it may be run again."""
    with connection.cursor() as cursor:
        for _ in range(2):
            cursor.execute(ROLES.read_text(encoding="utf-8"))


@contextmanager
def as_role(role: str) -> Iterator[None]:
    """The block's statements run with this role's rights and no others."""
    with connection.cursor() as cursor:
        cursor.execute(f"SET LOCAL ROLE {role}")
        try:
            yield
        finally:
            cursor.execute("RESET ROLE")


@pytest.mark.parametrize("role", [WEB, WORKER, AUDITOR])
@pytest.mark.parametrize("statement", ["UPDATE {0} SET {1} = {1}", "DELETE FROM {0}", "TRUNCATE {0}"])
@pytest.mark.parametrize("table", TABLES)
def test_nobody_may_change_the_log_or_its_seal(roles: None, role: str, statement: str, table: str) -> None:
    column = {"audit_auditevent": "digest", "audit_auditleaf": "leaf_hash"}.get(table, "root_hash")
    refused = pytest.raises(ProgrammingError, match="permission denied")
    with as_role(role), refused, transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement.format(table, column))


@pytest.mark.parametrize("role", [WEB, WORKER, AUDITOR])
def test_nobody_may_take_the_triggers_away(roles: None, role: str) -> None:
    refused = pytest.raises(DatabaseError, match="must be owner")
    with as_role(role), refused, transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("ALTER TABLE audit_auditevent DISABLE TRIGGER USER")


def test_web_may_record_and_the_worker_may_seal_and_anchor(roles: None, log: SealedLog) -> None:
    with as_role(WEB):
        log.record(2)
    with as_role(WORKER):
        log.grow(1)
    assert AuditCheckpoint.objects.get().tree_size == 3


def test_web_may_not_seal(roles: None, log: SealedLog) -> None:
    with as_role(WEB):
        log.record(1)
        with pytest.raises(ProgrammingError, match="permission denied"), transaction.atomic():
            log.seal()


def test_the_auditor_may_verify_and_not_record(roles: None, log: SealedLog) -> None:
    log.grow(3)
    with as_role(AUDITOR):
        assert log.verify().exit_code == 0
        with pytest.raises(ProgrammingError, match="permission denied"), transaction.atomic():
            log.record(1)
    assert AuditEvent.objects.count() == 3
