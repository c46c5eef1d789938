"""Exports of 100 MB to the stand-alone verifier: a clear verdict, and no more memory than a line needs."""

import hashlib
import json
from pathlib import Path

import pytest
from django.utils import timezone

from portal.audit.sealing.checkpoints import Checkpoint
from portal.audit.sealing.evidence import FORMAT
from portal.audit.sealing.keys import read_signing_key
from portal.audit.sealing.merkle import Frontier, inclusion_proof, leaf_hash, node_hash
from portal.audit.sealing.notes import Signer
from tests.audit.sealing.logs import SealedLog
from tests.audit.sealing.standalone import export_to, verify

MEGABYTE = 1_000_000
SIZE = 100 * MEGABYTE


@pytest.fixture
def export(log: SealedLog, tmp_path: Path) -> Path:
    """Of a few events, of which the last is large."""
    log.grow(2)
    log.grow(1, detail={"text": "x" * MEGABYTE})
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


def honest_export(log: SealedLog, file: Path, count: int) -> Path:
    """As audit_export would write it, made here: a database would take much longer for it."""
    hashes, frontier = [leaf_hash(large_body(number)) for number in range(count)], Frontier()
    for hashed in hashes:
        frontier.append(hashed)
    checkpoint = Checkpoint("localhost/audit", count, frontier.root(), timezone.now())
    note = checkpoint.signed_by(Signer("localhost/audit", read_signing_key(str(log.key_file))))
    with file.open("w", encoding="utf-8") as stream:
        stream.write(json.dumps({"format": FORMAT, "checkpoint": note, "selection": "all"}) + "\n")
        for index in range(count):
            body = large_body(index)
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
