"""Single bits of rows as they lie in SQLite's file, types and lengths among them: found, or the file cannot be read."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.db import DatabaseError, connection, connections
from pytest_django import DjangoDbBlocker

from portal.audit.models import AuditEvent
from portal.audit.personal import Personal
from tests.audit.events import WEB_01
from tests.audit.sealing.logs import SealedLog

pytestmark = pytest.mark.skipif(connection.vendor != "sqlite", reason="the form of SQLite's file")
SOUND, TAMPERED = 0, 2
# Of what is no header, every bit but in these, by primes, which reach each bit of a byte; test_bit_flips.py has more.
EVERY = {"audit_auditevent": 61, "audit_auditcheckpoint": 13, "audit_auditpersonaltext": 3, "audit_auditsubtree": 11}
REQUEST = "reimage_request:1"
ROWS = {
    "audit_auditevent": f"subject = '{REQUEST}' AND sequence = 2",
    "audit_auditleaf": "leaf_index = 1",
    "audit_auditsubtree": "level = 8",
    "audit_auditcheckpoint": "tree_size = 3",
    "audit_auditpersonaltext": "field = '/detail/comment'",
}
# The one bit of a row that SQLite never looks at: whether a key that is the number of the cell is NULL or 0 here.
UNREAD = (1, 3)
KEY_IN_THE_ROW = "audit_auditleaf"


def varint(number: int) -> bytes:
    """https://www.sqlite.org/fileformat2.html, section 1.6."""
    digits = [number & 0x7F]
    while number := number >> 7:
        digits.append(number & 0x7F | 0x80)
    return bytes(reversed(digits))


def stored(value: object) -> tuple[int, bytes]:
    """Type and content of a value in a record, section 2.1."""
    match value:
        case None:
            return 0, b""
        case 0 | 1:
            return 8 + int(value), b""
        case int():
            size = next(size for size in (1, 2, 3, 4, 6, 8) if -(1 << 8 * size - 1) <= value < 1 << 8 * size - 1)
            return {6: 5, 8: 6}.get(size, size), value.to_bytes(size, signed=True)
        case str():
            return 13 + 2 * len(value.encode()), value.encode()
        case bytes():
            return 12 + 2 * len(value), value
    raise TypeError(value)


def record_of(row: tuple[object, ...]) -> tuple[int, bytes]:
    """The row as it lies in the file, and the length of its header."""
    types, contents = zip(*map(stored, row), strict=True)
    header = b"".join(map(varint, types))
    header = varint(len(header) + 1) + header
    assert len(header) < 128
    return len(header), header + b"".join(contents)


class Lying:
    """The log as a file of its own, which the portal reads in place of the test's database."""

    def __init__(self, file: Path, log: SealedLog) -> None:
        self.file, self.log = file, log
        self.content = file.read_bytes()

    def place_of(self, table: str) -> tuple[int, int, int]:
        """Where in the file a row begins, and how long its header and all of it are."""
        with sqlite3.connect(self.file) as raw:
            (row,) = raw.execute(f"SELECT * FROM {table} WHERE {ROWS[table]} LIMIT 1").fetchall()
            (kind,) = raw.execute(f"SELECT type FROM pragma_table_info('{table}') WHERE cid = 0").fetchone()
        raw.close()
        if kind.lower() == "integer":  # the key is the number of the cell, and not in the record
            row = (None, *row[1:])
        header, record = record_of(row)
        assert self.content.count(record) == 1
        return self.content.index(record), header, len(record)

    def verdict_with(self, place: int, bit: int) -> int | None:
        """Of audit_verify with this bit turned round; None where the database cannot be read any more."""
        changed = bytearray(self.content)
        changed[place] ^= 1 << bit
        connection.close()
        self.file.write_bytes(changed)
        try:
            return self.log.verify().exit_code
        except DatabaseError:
            return None


@pytest.fixture
def lying(log: SealedLog, tmp_path: Path, django_db_blocker: DjangoDbBlocker) -> Iterator[Lying]:
    log.grow(3, subject=REQUEST, target=WEB_01, detail={"comment": Personal("Please.")})
    log.grow(1)
    yield from _lying(log, tmp_path / "log.sqlite3")


@pytest.fixture
def long_lying(log: SealedLog, tmp_path: Path) -> Iterator[Lying]:
    """With a subtree."""
    log.grow(257)
    yield from _lying(log, tmp_path / "log.sqlite3")


def _lying(log: SealedLog, file: Path) -> Iterator[Lying]:
    of_test = connections["default"]
    file.write_bytes(of_test.connection.serialize())
    connections["default"] = connections.create_connection("default")
    connections["default"].settings_dict = {**of_test.settings_dict, "NAME": str(file)}
    try:
        assert log.verify().exit_code == SOUND
        assert AuditEvent.objects.count() > 3
        yield Lying(file, log)
    finally:
        connections["default"].close()
        connections["default"] = of_test


def flips_of(lying: Lying, table: str) -> dict[tuple[int, int], int | None]:
    """Verdicts by byte of the row and bit."""
    start, header, length = lying.place_of(table)
    every = EVERY.get(table, 1)
    bits = [(byte, bit) for byte in range(length) for bit in range(8) if byte < header or (8 * byte + bit) % every == 0]
    if table != KEY_IN_THE_ROW:
        bits.remove(UNREAD)
    return {(byte, bit): lying.verdict_with(start + byte, bit) for byte, bit in bits}


@pytest.mark.parametrize("table", [table for table in ROWS if table != "audit_auditsubtree"])
def test_a_bit_of_a_sealed_row_in_the_file_is_never_sound(lying: Lying, table: str) -> None:
    verdicts = flips_of(lying, table)
    assert {place: verdict for place, verdict in verdicts.items() if verdict not in (TAMPERED, None)} == {}
    assert TAMPERED in verdicts.values()


def test_a_bit_of_a_subtree_in_the_file_is_never_sound(long_lying: Lying) -> None:
    verdicts = flips_of(long_lying, "audit_auditsubtree")
    assert {place: verdict for place, verdict in verdicts.items() if verdict not in (TAMPERED, None)} == {}


def test_the_bit_that_is_left_out_changes_nothing_that_is_read(lying: Lying) -> None:
    with sqlite3.connect(lying.file) as raw:
        before = raw.execute("SELECT * FROM audit_auditevent").fetchall()
    start, _, _ = lying.place_of("audit_auditevent")
    byte, bit = UNREAD
    assert lying.verdict_with(start + byte, bit) == SOUND
    with sqlite3.connect(lying.file) as raw:
        assert raw.execute("SELECT * FROM audit_auditevent").fetchall() == before
    raw.close()
