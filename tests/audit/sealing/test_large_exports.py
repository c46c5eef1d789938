"""Exports of 100 MB to the stand-alone verifier: a clear verdict, and no more memory than a line needs."""

import hashlib
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from django.utils import timezone

from portal.audit.models import LARGEST_BODY
from portal.audit.sealing.checkpoints import Checkpoint
from portal.audit.sealing.evidence import FORMAT
from portal.audit.sealing.keys import read_signing_key
from portal.audit.sealing.merkle import Frontier, inclusion_proof, leaf_hash, node_hash
from portal.audit.sealing.notes import Signer
from tests.audit.sealing.logs import SealedLog
from tests.audit.sealing.standalone import export_to, verify

MEGABYTE = 1_000_000
SIZE = 100 * MEGABYTE
LITTLE_MEMORY = 40 * MEGABYTE  # a third of it is Python itself
FIELDS = [f"/detail/{place}" for place in range(1_000)]


@pytest.fixture
def export(log: SealedLog, tmp_path: Path) -> Path:
    """Of a few events, of which the last is large."""
    log.grow(2)
    log.grow(1, detail={"text": "x" * (LARGEST_BODY - 1_000)})
    return export_to(tmp_path / "export.jsonl")


class Leaves:
    """A tree over these leaf hashes, for proofs; the portal's own reads a database."""

    def __init__(self, hashes: list[bytes]) -> None:
        self.hashes = hashes

    def node(self, level: int, index: int) -> bytes:
        if not level:
            return self.hashes[index]
        return node_hash(self.node(level - 1, 2 * index), self.node(level - 1, 2 * index + 1))


def large_body(number: int) -> bytes:
    start = b'{"version":2,"subject":"","action":"a.thing","number":%d,"detail":' % number
    return start + b'{"text":"%s"}}' % (b"x" * MEGABYTE)


def body_of_many_texts(number: int) -> bytes:
    """Of which each has a commitment."""
    event = {"version": 2, "event_id": f"event-{number}", "subject": "", "action": "a.thing"}
    return json.dumps(event | {"detail": [{"personal_sha256": "0" * 64}] * len(FIELDS)}).encode()


def body_of_many_texts_or_their_redaction(number: int) -> bytes:
    """Each event is followed by the one that says that its texts were redacted."""
    if number % 2 == 0:
        return body_of_many_texts(number)
    event = {"version": 2, "event_id": f"event-{number}", "subject": "", "action": "audit.redacted"}
    return json.dumps(event | {"target": {"id": f"event-{number - 1}"}, "detail": {"fields": FIELDS}}).encode()


def numbered(subject: int, sequence: object, previous: str = "0" * 64) -> bytes:
    """The event of this number in a subject."""
    chained = {"subject": f"request:{subject}", "sequence": sequence, "previous_digest": previous}
    return json.dumps({"version": 2, "event_id": "event", "action": "a.thing"} | chained).encode()


def honest_export(
    log: SealedLog, file: Path, count: int, body_of: Callable[[int], bytes] = large_body, selection: str = "all"
) -> Path:
    """As audit_export would write it, made here: a database would take much longer for it."""
    hashes, frontier = [leaf_hash(body_of(number)) for number in range(count)], Frontier()
    for hashed in hashes:
        frontier.append(hashed)
    checkpoint = Checkpoint("localhost/audit", count, frontier.root(), timezone.now())
    note = checkpoint.signed_by(Signer("localhost/audit", read_signing_key(str(log.key_file))))
    with file.open("w", encoding="utf-8") as stream:
        stream.write(json.dumps({"format": FORMAT, "checkpoint": note, "selection": selection}) + "\n")
        for index in range(count):
            body = body_of(index)
            line = {
                "leaf_index": index,
                "digest": hashlib.sha256(body).hexdigest(),
                "leaf_hash": hashes[index].hex(),
                "proof": [node.hex() for node in inclusion_proof(Leaves(hashes), index, count)],
                "body": body.decode(),
            }
            stream.write(json.dumps(line) + "\n")
        stream.write(json.dumps({"events": count}) + "\n")
    return file


def test_an_honest_export_of_100_megabytes_is_verified(log: SealedLog, tmp_path: Path) -> None:
    export = honest_export(log, tmp_path / "export.jsonl", 101)
    assert export.stat().st_size > SIZE
    code, words = verify(export, log.public_key)
    assert (code, words.split(",")[0]) == (0, "VERIFIED: 101 events"), words


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (b"x" * MEGABYTE, "too long to be an event"),  # no line ends
        (b"[" + b"[]," * (MEGABYTE // 3) + b"[]]\n", "it is not in its form"),  # small on the disk, large in the memory
        (b'{"events":3}\n' * (MEGABYTE // 13), "something follows the last line"),
        (b"\n" * MEGABYTE, "it is not in its form"),
        (b'{"body":"' + b"[" * MEGABYTE + b'"}\n', "it is not in its form"),
    ],
    ids=["one line", "many small things", "many ends", "empty lines", "deep"],
)
def test_100_megabytes_that_are_no_export_are_refused(log: SealedLog, export: Path, line: bytes, words: str) -> None:
    lines = export.read_bytes().split(b"\n")
    with export.open("wb") as file:
        file.write(b"\n".join(lines[:4]) + b"\n")
        file.writelines(line for _ in range(SIZE // len(line)))
    code, said = verify(export, log.public_key)
    assert (code, words in said) == (2, True), said


def test_a_large_event_that_is_doubled_a_hundred_times_is_refused(log: SealedLog, export: Path) -> None:
    lines = export.read_bytes().split(b"\n")
    with export.open("wb") as file:
        file.write(b"\n".join(lines[:3]) + b"\n")
        file.writelines(lines[3] + b"\n" for _ in range(100))
        file.write(b'{"events":102}\n')
    code, said = verify(export, log.public_key)
    assert (code, "leaf 2 stands after leaf 2: doubled or out of order" in said) == (2, True), said


def test_many_texts_that_are_missing_take_no_memory(log: SealedLog, tmp_path: Path) -> None:
    export = honest_export(log, tmp_path / "export.jsonl", 200, body_of_many_texts, "some")
    code, said = verify(export, log.public_key, memory=LITTLE_MEMORY)
    lines = said.splitlines()
    assert (code, lines[0], len(lines)) == (0, "missing: event #1: /detail/0", 200_001), lines[-1]
    assert lines[-1].endswith(", 200000 texts missing, 0 texts redacted")


def test_many_texts_that_are_redacted_take_no_memory(log: SealedLog, tmp_path: Path) -> None:
    export = honest_export(log, tmp_path / "export.jsonl", 400, body_of_many_texts_or_their_redaction)
    code, said = verify(export, log.public_key, memory=LITTLE_MEMORY)
    lines = said.splitlines()
    assert (code, lines[0], len(lines)) == (0, "redacted: event #1: /detail/0", 200_001), lines[-1]
    assert lines[-1].endswith(", 0 texts missing, 200000 texts redacted")


def test_too_little_memory_is_no_verdict(log: SealedLog, export: Path) -> None:
    first = export.read_bytes().split(b"\n")[0]
    export.write_bytes(first + b"\n[" + b"[]," * MEGABYTE + b"[]]\n")
    code, said = verify(export, log.public_key, memory=LITTLE_MEMORY)
    assert (code, said) == (1, "cannot verify: out of memory\n")


def test_gaps_of_a_hundred_subjects_take_no_memory_and_are_told_shortly(log: SealedLog, tmp_path: Path) -> None:
    """A selection of a few kilobytes whose events have the highest number of a column; one took 1.7 GB."""
    export = honest_export(log, tmp_path / "export.jsonl", 100, lambda number: numbered(number, 2_147_483_647), "some")
    code, said = verify(export, log.public_key, memory=LITTLE_MEMORY)
    assert (code, said.splitlines()[0]) == (0, "gap: request:0 is here without its events 1-2147483646")
    assert len(said) < 10_000


def test_of_many_gaps_the_first_are_told(log: SealedLog, tmp_path: Path) -> None:
    """Every third number is there, or every second one."""
    for step, first in ((3, "1-2, 4-5, 7-8, "), (2, "1, 3, 5, ")):
        export = honest_export(
            log, tmp_path / "export.jsonl", 200, lambda number, step=step: numbered(1, (number + 1) * step), "some"
        )
        code, said = verify(export, log.public_key, memory=LITTLE_MEMORY)
        gap, _ = said.splitlines()
        assert (code, gap.startswith(f"gap: request:1 is here without its events {first}")) == (0, True), said
        assert (gap.count(","), gap.endswith(" and more")) == (19, True), said


@pytest.mark.parametrize("sequence", [0, -1, 10_000_000_000, 10**400, 1.0, True, "1", None, [1]])
def test_a_sequence_that_no_event_has_is_refused(log: SealedLog, tmp_path: Path, sequence: object) -> None:
    export = honest_export(log, tmp_path / "export.jsonl", 1, lambda number: numbered(number, sequence), "some")
    code, said = verify(export, log.public_key, memory=LITTLE_MEMORY)
    assert (code, said) == (2, "NOT VERIFIED: line 2: event #1: its number is not in its form\n")


@pytest.mark.parametrize(
    ("second", "previous", "is_so"), [(2, True, True), (2, False, False), (1, True, False), (3, True, False)]
)
def test_a_whole_log_has_each_number_once_and_in_order(
    log: SealedLog, tmp_path: Path, second: int, previous: bool, is_so: bool
) -> None:
    first = numbered(1, 1, previous="")
    bodies = [first, numbered(1, second, previous=hashlib.sha256(first).hexdigest() if previous else "")]
    code, said = verify(honest_export(log, tmp_path / "export.jsonl", 2, bodies.__getitem__), log.public_key)
    words = f"event {second} of request:1 does not follow event 1"
    assert (code, words in said) == (0 if is_so else 2, not is_so), said
