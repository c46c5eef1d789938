"""The file of checkpoints beside the database: lines are added, never changed, and each is on the disk before the next.

An attribute of the file system (chattr +a) or a share that keeps versions makes it more than a promise.
"""

import fcntl
import json
import math
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import BinaryIO

from django.conf import settings

from portal.audit.sealing import checkpoints
from portal.audit.sealing.checkpoints import Checkpoint
from portal.audit.sealing.notes import NoteError, SignedNote

TAIL_BYTES = 64 * 1024  # far more than two lines
LINE_LIMIT = 64 * 1024


def anchor_line(note: str) -> bytes:
    """A checkpoint as one line of JSON."""
    return json.dumps({"note": note}, ensure_ascii=False).encode() + b"\n"


def read_line(line: bytes) -> tuple[Checkpoint, SignedNote] | None:
    """The checkpoint of a line, not verified; None for a line that holds none, such as one that a crash cut short."""
    try:
        return checkpoints.read(json.loads(line)["note"])
    except (ValueError, KeyError, TypeError, NoteError, AttributeError, RecursionError):
        return None


def anchor_file() -> Path:
    """Where it lies."""
    return Path(settings.AUDIT_ANCHOR_FILE)


def append_notes(notes: Sequence[str]) -> None:
    """Adds these checkpoints; raises OSError where the file cannot take them. A second attempt doubles nothing lost."""
    file = anchor_file()
    is_new = not file.exists()
    with os.fdopen(os.open(file, os.O_RDWR | os.O_APPEND | os.O_CREAT, mode=0o640), "r+b", buffering=0) as stream:
        fcntl.flock(stream, fcntl.LOCK_EX)
        broken = b"" if _ends_well(stream.fileno()) else b"\n"
        _write_all(stream.fileno(), broken + b"".join(map(anchor_line, notes)))
        os.fsync(stream.fileno())
    if is_new:
        _keep_name(file.parent)


def newest_anchors() -> list[tuple[Checkpoint, SignedNote]]:
    """The checkpoints near the end of the file, not verified: anybody who can write to the file can add a line."""
    try:
        with anchor_file().open("rb") as stream:
            stream.seek(max(0, stream.seek(0, os.SEEK_END) - TAIL_BYTES))
            lines = stream.read().splitlines()
    except FileNotFoundError:
        return []
    return [found for line in lines if (found := read_line(line))]


def lines_of(stream: BinaryIO, *, up_to: float = math.inf) -> Iterator[bytes]:
    """Line by line, in bounded memory: what is too long to be an anchor comes in pieces that are none.

    No line that ends beyond the first `up_to` bytes.
    """
    read = 0
    while line := stream.readline(LINE_LIMIT):
        read += len(line)
        if read > up_to:
            return
        yield line


def _ends_well(descriptor: int) -> bool:
    size = os.fstat(descriptor).st_size
    return size == 0 or os.pread(descriptor, 1, size - 1) == b"\n"


def _write_all(descriptor: int, content: bytes) -> None:
    while content:
        content = content[os.write(descriptor, content) :]


def _keep_name(folder: Path) -> None:
    """A new file's name is on the disk only with its folder."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
