"""Whatever stands in a damaged row: the verification ends with its verdict, and says nothing that steers a terminal."""

import io
import json

import pytest
from django.core.management import call_command
from django.db import connection

from portal.audit.models import AuditCheckpoint
from portal.audit.personal import Personal
from portal.audit.sealing.sealer import SealingRefused
from tests.audit.sealing.logs import SealedLog
from tests.audit.sealing.tampering import run

TAMPERED = 2
LAST = "(SELECT MAX(id) FROM audit_auditevent)"
IMPOSSIBLE_TIME = "0001-01-01T00:00:00.000000+14:00"
IS_SQLITE = connection.vendor == "sqlite"
AS_THE_OTHER_TYPE = {
    "TEXT": "auditevent.body auditleaf.leaf_hash auditcheckpoint.root_hash auditpersonaltext.salt",
    "BLOB": "auditevent.occurred_at auditevent.digest auditevent.action auditcheckpoint.sealed_at "
    "auditcheckpoint.note auditpersonaltext.text auditpersonaltext.field",
}
of_sqlite = pytest.mark.skipif(not IS_SQLITE, reason="PostgreSQL lets no column hold what is not of its type")


def audit_verify() -> tuple[int, str]:
    """On a terminal that can hold UTF-8 and nothing else."""
    raw, code = io.BytesIO(), 0
    terminal = io.TextIOWrapper(raw, encoding="utf-8", write_through=True)
    try:
        call_command("audit_verify", stdout=terminal)
    except SystemExit as err:
        code = int(err.code or 0)
    return code, raw.getvalue().decode()


@pytest.fixture
def grown(log: SealedLog) -> SealedLog:
    log.grow(2, subject="reimage_request:1", detail={"comment": Personal("Please.")})
    log.grow(2)
    assert log.verify().exit_code == 0
    return log


@of_sqlite
@pytest.mark.parametrize(
    "damage",
    [
        *(f"audit_auditcheckpoint SET sealed_at = {value}" for value in ("'never'", "x'00ff'", "7", "''")),
        *(f"audit_auditcheckpoint SET tree_size = {value} WHERE tree_size = 4" for value in ("'abc'", "3.5", "x'ff'")),
        "audit_auditcheckpoint SET tree_size = 9000000000000000000 WHERE tree_size = 4",
        "audit_auditcheckpoint SET note = x'ff' WHERE tree_size = 4",
        "audit_auditcheckpoint SET root_hash = 7 WHERE tree_size = 4",
        f"audit_auditevent SET event_id = CAST(x'ff' AS TEXT) WHERE id = {LAST}",
        f"audit_auditevent SET occurred_at = 'never' WHERE id = {LAST}",
        f"audit_auditevent SET subject = CAST(x'ff' AS TEXT), sequence = 'x' WHERE id = {LAST}",
        "audit_auditleaf SET leaf_hash = 'x', event_id = 'x' WHERE leaf_index = 3",
        # The same bytes, as another type: in the file it is one bit.
        *(
            f"audit_{column.split('.')[0]} SET {{0}} = CAST({{0}} AS {kind})".format(column.split(".")[1])
            for kind, columns in AS_THE_OTHER_TYPE.items()
            for column in columns.split()
        ),
    ],
)
def test_what_is_of_no_type_is_tampering(grown: SealedLog, damage: str) -> None:
    run(f"UPDATE {damage}")
    code, said = audit_verify()
    assert (code, said.splitlines()[-1].split(":")[0]) == (TAMPERED, "TAMPERED")


@pytest.mark.parametrize("size", ["4.5", "1e19", "'x'"] if IS_SQLITE else ["NULL", "9000000000"])
def test_an_added_checkpoint_of_an_impossible_size_is_tampering(grown: SealedLog, size: str) -> None:
    """No trigger forbids an INSERT; the log ends where it did."""
    if not IS_SQLITE:
        run("ALTER TABLE audit_auditcheckpoint ALTER COLUMN tree_size DROP NOT NULL")
    columns = "(tree_size, root_hash, sealed_at, note)"
    time = "'2026-01-01 00:00:00+00'"
    run(f"INSERT INTO audit_auditcheckpoint {columns} VALUES ({size}, %s, {time}, 'nothing')", parameters=[b"0"])
    code, said = audit_verify()
    assert code == TAMPERED
    assert "1 checkpoints claim a size that the log cannot have had" in said
    assert "findings in 4 events sealed" in said


@of_sqlite
def test_a_note_that_is_no_text_is_refused_by_the_sealer(grown: SealedLog) -> None:
    run("UPDATE audit_auditcheckpoint SET note = CAST(note AS BLOB)")
    grown.record(1)
    with pytest.raises(SealingRefused, match=r"The checkpoint of 4 events is damaged\. The note is no text\."):
        grown.seal()


def test_nothing_is_sealed_over_a_leaf_that_was_changed(log: SealedLog) -> None:
    """Its first and last place are as they were, and so is every event: only the signed root tells."""
    log.grow(5)
    run(
        "UPDATE audit_auditleaf SET leaf_hash = (SELECT leaf_hash FROM audit_auditleaf WHERE leaf_index = 1) "
        "WHERE leaf_index = 2"
    )
    log.record(1)
    with pytest.raises(SealingRefused, match="does not lead to the signed root of 5 events"):
        log.seal()
    assert AuditCheckpoint.objects.count() == 1


@pytest.mark.skipif(IS_SQLITE, reason="SQLite has no such times")
@pytest.mark.parametrize("time", ["infinity", "-infinity", "0001-01-01 00:00:00+00 BC", "10000-01-01 00:00:00+00"])
@pytest.mark.parametrize("column", ["audit_auditevent.occurred_at", "audit_auditcheckpoint.sealed_at"])
def test_a_time_that_python_has_not_is_tampering(grown: SealedLog, column: str, time: str) -> None:
    table, name = column.split(".")
    run(f"UPDATE {table} SET {name} = '{time}'")
    assert audit_verify()[0] == TAMPERED


def test_an_impossible_time_is_tampering(grown: SealedLog) -> None:
    checkpoint = AuditCheckpoint.objects.get(tree_size=4)
    time = checkpoint.note.split("\n")[3]
    note = checkpoint.note.replace(time, f"time {IMPOSSIBLE_TIME}")
    run("UPDATE audit_auditcheckpoint SET note = %s WHERE tree_size = 4", parameters=[note])
    code, said = audit_verify()
    assert (code, "checkpoint of 4 events: its note is damaged" in said) == (TAMPERED, True)


@pytest.mark.parametrize(
    ("part", "value"),
    [("occurred_at", IMPOSSIBLE_TIME), ("occurred_at", 7), ("detail", {"\ud800": {"personal_sha256": "x"}})],
)
def test_a_body_that_cannot_be_is_tampering(log: SealedLog, part: str, value: object) -> None:
    (event,) = log.grow(1)
    body = json.loads(bytes(event.body)) | {part: value}
    run("UPDATE audit_auditevent SET body = %s", parameters=[json.dumps(body).encode()])
    code, said = audit_verify()
    assert (code, "event #1" in said) == (TAMPERED, True)


@pytest.mark.parametrize("field", ["\x1b[2J\nSOUND: 3\x1b[8m", pytest.param(b"\xff", marks=of_sqlite)])
def test_what_was_damaged_reaches_no_terminal(log: SealedLog, field: str | bytes) -> None:
    (event,) = log.grow(1)
    run(
        f"INSERT INTO audit_auditpersonaltext (event_id, field, salt, text) VALUES ({event.pk}, "
        f"{'CAST(%s AS TEXT)' if IS_SQLITE else '%s'}, %s, 'x')",
        parameters=[field, b"0"],
    )
    code, said = audit_verify()
    assert code == TAMPERED
    assert not [line for line in said.splitlines() if line.startswith("SOUND") or "\x1b" in line]


@of_sqlite
def test_a_body_of_another_type_is_refused_by_name_before_it_is_sealed(grown: SealedLog) -> None:
    (event,) = grown.record(1)
    run(f"UPDATE audit_auditevent SET body = CAST(body AS TEXT) WHERE id = {event.pk}")
    words = f"The body of event {event.pk} is not bytes, as it was recorded: somebody altered it."
    with pytest.raises(SealingRefused, match=words):
        grown.seal()
    with pytest.raises(SealingRefused, match=words):
        grown.rotate("second")
    run(f"UPDATE audit_auditevent SET body = CAST(body AS BLOB) WHERE id = {event.pk}")
    grown.grow(1)
    assert grown.verify().exit_code == 0
