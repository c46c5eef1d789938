"""A row that stands twice, once a superuser has taken the uniqueness away: it hides nothing of what comes after it."""

import json

import pytest
from django.db import connection, models

from portal.audit.models import AuditCheckpoint, AuditEvent, AuditLeaf, AuditPersonalText, AuditSubtree
from portal.audit.sealing.merkle import leaf_hash
from tests.audit.sealing.logs import SealedLog
from tests.audit.sealing.tampering import forge, run

TAMPERED = 2
# One row of each, and what may differ between it and its double.
DOUBLES: list[tuple[type[models.Model], str, dict[str, str], str]] = [
    (AuditCheckpoint, "tree_size = 9", {"id": "id + 1000"}, "checkpoint 9"),
    (AuditLeaf, "leaf_index = 4", {"event_id": "event_id + 1000"}, "leaf 4"),
    (AuditLeaf, "leaf_index = 4", {"leaf_index": "leaf_index + 1000"}, "leaf's event"),
    (AuditEvent, "id = (SELECT MIN(id) FROM audit_auditevent)", {"id": "id + 1000"}, "event id"),
    (AuditEvent, "id = (SELECT MIN(id) FROM audit_auditevent)", {}, "event's row"),
    (AuditPersonalText, "id = (SELECT MIN(id) FROM audit_auditpersonaltext)", {"id": "id + 1000"}, "personal text"),
    (AuditSubtree, "level = 8", {"id": "id + 1000"}, "subtree"),
]


def without_uniqueness(table: str) -> list[str]:
    """Nothing of this table is unique any more, until the test's transaction ends."""
    if connection.vendor == "sqlite":
        return [
            f"CREATE TABLE kept AS SELECT * FROM {table}",
            f"DROP TABLE {table}",
            f"ALTER TABLE kept RENAME TO {table}",
        ]
    with connection.cursor() as cursor:
        kinds = "SELECT conname FROM pg_constraint WHERE conrelid = %s::regclass AND contype IN ('p', 'u')"
        cursor.execute(kinds, [table])
        constraints = [f'ALTER TABLE {table} DROP CONSTRAINT "{name}" CASCADE' for (name,) in cursor.fetchall()]
        cursor.execute(
            "SELECT indexrelid::regclass FROM pg_index JOIN pg_constraint ON conindid = indexrelid"
            " WHERE indrelid = %s::regclass AND indisunique AND contype NOT IN ('p', 'u', 'f')",
            [table],
        )
        return [*constraints, *(f"DROP INDEX {name}" for (name,) in cursor.fetchall()), "SET CONSTRAINTS ALL IMMEDIATE"]


def double(model: type[models.Model], where: str, changes: dict[str, str]) -> None:
    table = model._meta.db_table
    columns = [field.column for field in model._meta.concrete_fields]
    names = ", ".join(f'"{column}"' for column in columns)
    values = ", ".join(changes.get(column, f'"{column}"') for column in columns)
    insert = f"INSERT INTO {table} ({names}) SELECT {values} FROM {table} WHERE {where}"
    statements = without_uniqueness(table)
    run(*statements[-1:], *statements[:-1], insert) if connection.vendor != "sqlite" else run(*statements, insert)


@pytest.mark.parametrize(("model", "where", "changes", "named"), DOUBLES, ids=[double[-1] for double in DOUBLES])
def test_it_is_found(
    log: SealedLog, story: list[AuditEvent], model: type[models.Model], where: str, changes: dict[str, str], named: str
) -> None:
    if model is AuditSubtree:
        log.grow(256)
    double(model, where, changes)
    verdict = log.verify()
    assert verdict.exit_code == TAMPERED
    assert any(line.startswith(f"{named}") and "more than once" in line for line in verdict.tampered)


@pytest.mark.parametrize("size", [6, 9, 12])
def test_a_doubled_checkpoint_keeps_no_later_root_from_being_compared(
    log: SealedLog, story: list[AuditEvent], size: int
) -> None:
    double(AuditCheckpoint, f"tree_size = {size}", {"id": "id + 1000"})
    body = forge(story[10], b'"success"', b'"failed" ')
    assert json.loads(body)["outcome"] == "failed"
    run(f"UPDATE audit_auditevent SET outcome = 'failed' WHERE id = {story[10].pk}")
    run("UPDATE audit_auditleaf SET leaf_hash = %s WHERE leaf_index = 10", parameters=[leaf_hash(body)])
    verdict = log.verify()
    assert any("the events do not lead to its root; one of #10 to #12" in line for line in verdict.tampered)
