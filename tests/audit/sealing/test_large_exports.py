"""Exports of 100 MB to the stand-alone verifier: a clear verdict, and no more memory than a line needs."""

from pathlib import Path

import pytest

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


def test_an_honest_export_of_100_megabytes_is_verified(log: SealedLog, tmp_path: Path) -> None:
    log.grow(100, detail={"text": "x" * MEGABYTE})
    export = export_to(tmp_path / "export.jsonl")
    assert export.stat().st_size > SIZE
    code, words = verify(export, log.public_key)
    assert (code, words.split(",")[0]) == (0, "VERIFIED: 100 events"), words


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
