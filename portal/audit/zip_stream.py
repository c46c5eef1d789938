"""A ZIP file that is sent while it is made: one piece in memory. The same files give the same bytes."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import IO, cast
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

EARLIEST = (1980, 1, 1, 0, 0, 0)  # the first time that a ZIP file can tell; a real one would differ with each pack
LEVEL = 6
_READABLE_FILE = 0o100644 << 16
_UNIX = 3


@dataclass(frozen=True)
class PackedFile:
    """A file within: a plain ASCII name, never one that somebody typed, and its content piece by piece."""

    name: str
    pieces: Iterable[str]


def zip_pieces(files: Iterable[PackedFile]) -> Iterator[bytes]:
    """The archive in pieces, in the order of the files; texts are UTF-8."""
    sink = _Sink()
    with ZipFile(cast(IO[bytes], sink), "w", ZIP_DEFLATED, compresslevel=LEVEL) as archive:
        for file in files:
            with archive.open(_entry(file.name), "w") as entry:
                for piece in file.pieces:
                    entry.write(piece.encode())
                    yield sink.taken()
    yield sink.taken()


def _entry(name: str) -> ZipInfo:
    entry = ZipInfo(name, date_time=EARLIEST)
    entry.compress_type, entry.external_attr, entry.create_system = ZIP_DEFLATED, _READABLE_FILE, _UNIX
    return entry


class _Sink:
    """Where the archive is written to. It cannot go back, so sizes and checksums follow each file."""

    def __init__(self) -> None:
        self._held = bytearray()

    def write(self, data: bytes) -> int:
        self._held += data
        return len(data)

    def flush(self) -> None:
        """Asked for by ZipFile; what is held is taken, not flushed."""

    def taken(self) -> bytes:
        """What has been written since the last call."""
        held = bytes(self._held)
        self._held.clear()
        return held
