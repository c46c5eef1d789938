"""Single bits of 1,000 sealed rows, the same in every run: each flip is found and named, and none hides another."""

import random
from collections.abc import Sequence

import pytest
from django.db import IntegrityError, connection, transaction

from portal.audit.models import AuditCheckpoint
from portal.audit.personal import Personal
from portal.audit.sealing.checkpoints import read
from portal.audit.verification import verdict
from tests.audit.events import WEB_01
from tests.audit.sealing.logs import SealedLog
from tests.audit.sealing.tampering import run, triggers_off

ROWS, SEED, TAMPERED = 1_000, 20261125, 2
EVENT, LEAF, TEXT = ("audit_auditevent", "id"), ("audit_auditleaf", "event_id"), ("audit_auditpersonaltext", "event_id")
# What is flipped in each of the rows, one after the other; in the last pass, one of these by turns.
PASSES = [
    [(EVENT, "body")],
    [(EVENT, "digest")],
    [(LEAF, "leaf_hash")],
    [(TEXT, "text")],
    [(TEXT, "salt")],
    [
        (EVENT, column)
        for column in ("actor_name", "action", "target_label", "target_id", "search_text", "flags", "personal_fields")
    ],
]


@pytest.fixture
def many(log: SealedLog, monkeypatch: pytest.MonkeyPatch) -> SealedLog:
    monkeypatch.setattr(verdict, "KEPT_FINDINGS", 10_000)
    log.grow(ROWS, target=WEB_01, flags=["delete_warning"], detail={"comment": Personal("Please.")})
    return log


def flipped(value: object, bits: random.Random) -> object:
    """The value with one bit changed; a text stays one that both databases can hold."""
    raw = bytearray(value.encode() if isinstance(value, str) else bytes(value))
    raw[bits.randrange(len(raw))] ^= 1 << bits.randrange(7 if isinstance(value, str) else 8)
    return raw.decode().replace("\0", "\x01") if isinstance(value, str) else bytes(raw)


def stored(table: str, key: str, column: str) -> list[tuple[object, int]]:
    """Values and keys, in the order of the events."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {column}, {key} FROM {table} ORDER BY {key}")
        return list(cursor.fetchall())


def write(table: str, key: str, column: str, rows: Sequence[tuple[object, int]]) -> None:
    with triggers_off(), connection.cursor() as cursor:
        cursor.executemany(f"UPDATE {table} SET {column} = %s WHERE {key} = %s", rows)


def test_every_bit_that_flips_in_a_sealed_row_is_found(many: SealedLog) -> None:
    bits = random.Random(SEED)  # noqa: S311  # the same bits in every run
    for columns in PASSES:
        before = {}
        for turn, ((table, key), column) in enumerate(columns):
            place = (table, key, column)
            before[place] = stored(*place)[turn :: len(columns)]
            write(*place, [(flipped(value, bits), of) for value, of in before[place]])
        found = {line.split()[1].rstrip(":") for line in many.verify().tampered if line.startswith("event #")}
        assert found == {f"#{number}" for number in range(1, ROWS + 1)}, columns
        for place, rows in before.items():
            write(*place, rows)
    assert many.verify().exit_code == 0


def test_every_bit_of_a_checkpoint_counts(log: SealedLog) -> None:
    log.grow(3)
    note = AuditCheckpoint.objects.get().note
    assert read(note)
    bits = random.Random(20261125)  # noqa: S311  # the same bits in every run
    for _ in range(60):
        raw = bytearray(note.encode())
        raw[bits.randrange(len(raw))] ^= 1 << bits.randrange(8)
        forged = raw.decode(errors="replace").replace("\0", "\x01")
        run("UPDATE audit_auditcheckpoint SET note = %s", parameters=[forged])
        assert log.verify().exit_code == TAMPERED, forged


COLUMNS_OF_A_TYPE = [
    *(("audit_auditcheckpoint", column) for column in ("sealed_at", "root_hash", "tree_size")),
    *(("audit_auditevent", column) for column in ("occurred_at", "event_id", "subject", "sequence")),
]


@pytest.mark.skipif(connection.vendor != "sqlite", reason="PostgreSQL lets no column hold what is not of its type")
@pytest.mark.parametrize(("table", "column"), COLUMNS_OF_A_TYPE)
def test_every_bit_of_a_column_that_has_a_type_counts(log: SealedLog, table: str, column: str) -> None:
    """As it is on SQLite's disk: numbers as their digits, and texts that are no UTF-8 any more."""
    log.grow(2, subject="reimage_request:1")
    bits = random.Random(SEED)  # noqa: S311  # the same bits in every run
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT id, CAST({column} AS BLOB) FROM {table} ORDER BY id LIMIT 1")
        key, stored_bytes = cursor.fetchone()
    judged = 0
    for _ in range(24):
        raw = bytearray(stored_bytes)
        raw[bits.randrange(len(raw))] ^= 1 << bits.randrange(8)
        value = "%s" if column == "root_hash" else "CAST(%s AS TEXT)"
        try:
            with transaction.atomic():
                run(f"UPDATE {table} SET {column} = {value} WHERE id = {key}", parameters=[bytes(raw)])
                assert log.verify().exit_code == TAMPERED, bytes(raw)
                judged += 1
                transaction.set_rollback(True)
        except IntegrityError:  # such a row cannot be: the column's own condition refuses it
            continue
    assert judged
    assert log.verify().exit_code == 0
