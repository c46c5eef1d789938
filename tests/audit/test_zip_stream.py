"""A ZIP that is made while it is sent: whole, the same each time, and never held at once."""

import io
from collections.abc import Iterator
from zipfile import ZipFile

import pytest

from portal.audit.zip_stream import PackedFile, zip_pieces
from tests.audit.memory import most_memory


def made(*files: PackedFile) -> bytes:
    return b"".join(zip_pieces(files))


def test_it_holds_every_file_in_its_order_as_utf_8() -> None:
    archive = ZipFile(io.BytesIO(made(PackedFile("b.txt", ["理由: ", "full"]), PackedFile("a.txt", []))))
    assert archive.testzip() is None
    assert archive.namelist() == ["b.txt", "a.txt"]
    assert archive.read("b.txt").decode() == "理由: full"
    assert archive.read("a.txt") == b""


def test_the_same_files_give_the_same_bytes_at_any_time(monkeypatch: pytest.MonkeyPatch) -> None:
    first = made(PackedFile("a.txt", ["one"]))
    monkeypatch.setattr("time.time", lambda: 2_000_000_000.0)
    assert made(PackedFile("a.txt", ["one"])) == first


def test_its_files_can_be_read_by_whoever_unpacks_them() -> None:
    entry = ZipFile(io.BytesIO(made(PackedFile("a.txt", ["one"])))).getinfo("a.txt")
    assert entry.external_attr >> 16 == 0o100644


def test_a_file_of_100_megabytes_is_never_in_memory() -> None:
    def pieces() -> Iterator[str]:
        for _ in range(100):
            yield "x" * 1_000_000

    with most_memory() as most:
        sent = sum(len(piece) for piece in zip_pieces([PackedFile("large.txt", pieces())]))
    assert sent > 50_000
    assert most[0] < 8_000_000
