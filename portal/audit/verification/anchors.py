"""Holds the anchors against the checkpoints: what was told to the outside must still be so inside.

A sealer may be at work meanwhile: anchors count as far as the file went before the log's end was asked for.
"""

import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from itertools import islice
from pathlib import Path
from stat import S_ISREG
from tempfile import TemporaryFile
from typing import BinaryIO

from portal.audit.sealing.anchor_file import lines_of, read_line
from portal.audit.sealing.checkpoints import Checkpoint
from portal.audit.sealing.keys import TrustedKey
from portal.audit.sealing.notes import NoteError, Signature, SignedNote, parse
from portal.audit.verification.reading import as_text, rows
from portal.audit.verification.verdict import NotYet, Verdict

Anchors = tuple[BinaryIO, int] | OSError  # a stream and how many bytes of it count, or why there is none
CHUNK = 500
ANCHOR_START = b'{"note"'  # a syslog writes time, host and name before it


@contextmanager
def as_of_now(file: Path) -> Iterator[Anchors]:
    """The file as far as it goes now, however long the block takes, and whatever is put in its place; or why not.

    To be asked for before the log's end is: what the anchors know was sealed by then, and so is verified. What is no
    file, such as a pipe, is read whole.
    """
    try:
        stream = file.open("rb")
    except OSError as err:
        yield err
        return
    with stream, TemporaryFile() as copy:
        size = os.fstat(stream.fileno()).st_size
        if S_ISREG(os.fstat(stream.fileno()).st_mode):
            yield stream, size
            return
        shutil.copyfileobj(stream, copy)
        size = copy.tell()
        copy.seek(0)
        yield copy, size


def check_anchors(anchors: Anchors, file: Path, trusted: Sequence[TrustedKey], verdict: Verdict) -> None:
    """Every anchor must be a checkpoint of the log, word for word. After the checkpoints: they say which key had when
    handed over, and one that signs beyond that proves nothing.
    """
    found = _anchors(anchors, file, trusted, verdict)
    while chunk := list(islice(found, CHUNK)):
        sizes = [anchor.tree_size for anchor, _ in chunk]
        marks = ", ".join(["%s"] * len(sizes))
        query = f"SELECT tree_size, note FROM audit_auditcheckpoint WHERE tree_size IN ({marks})"  # noqa: S608  # marks
        notes = {size: as_text(note) for size, note in rows(query, sizes)}
        for anchor, signed in chunk:
            problem = _problem_with(anchor, signed, notes.get(anchor.tree_size), trusted, verdict)
            if problem:
                where = f"anchor of {anchor.tree_size} events: {problem}"
                verdict.found([NotYet(where) if isinstance(problem, NotYet) else where])
            else:
                verdict.anchored = max(verdict.anchored, anchor.tree_size)


def _problem_with(
    anchor: Checkpoint, signed: SignedNote, note: str | None, trusted: Sequence[TrustedKey], verdict: Verdict
) -> str:
    if anchor.tree_size > verdict.sealed:
        return f"the log ends at #{verdict.sealed}: its tail was cut, or an old backup restored"
    if note is None:
        return "its checkpoint is not in the log any more"
    if not note.startswith(anchor.text + "\n"):
        return "the log has another checkpoint in its place: the past was sealed again"
    ours = _signatures_of(note)
    lacking = [line for line in signed.signatures if line not in ours]
    keys = [entry.key for entry in trusted if _had_its_part(entry.key.short, anchor, verdict)]
    if any(SignedNote(signed.text, tuple(lacking)).signers(keys)):
        return "the log's checkpoint lacks a signature that it had: a key's taking over was undone"
    known = [entry.key.key_id for entry in trusted]
    if any(line.key_id not in known for line in lacking):
        return NotYet("it has a signature that the log's checkpoint lacks, by a key that is not in AUDIT_PUBLIC_KEYS")
    return ""


def _had_its_part(key: str, anchor: Checkpoint, verdict: Verdict) -> bool:
    """A key that was replaced can say nothing about what came after."""
    return anchor.tree_size <= verdict.retired.get(key, anchor.tree_size)


def _signatures_of(note: str) -> tuple[Signature, ...]:
    with suppress(NoteError):
        return parse(note).signatures
    return ()


def _anchors(
    anchors: Anchors, file: Path, trusted: Sequence[TrustedKey], verdict: Verdict
) -> Iterator[tuple[Checkpoint, SignedNote]]:
    """The true ones. Anybody may add a line to a file, so a line that no trusted key signed proves nothing."""
    unread = retired = 0
    try:
        for line in _lines_of(anchors):
            found = read_line(line[max(0, line.find(ANCHOR_START)) :])
            signers = [entry.key.short for entry in trusted if found and found[1].is_signed_by(entry.key)]
            if found and any(_had_its_part(key, found[0], verdict) for key in signers):
                yield found
            elif signers:
                retired += 1
            else:
                unread += 1
    except FileNotFoundError:
        verdict.behind.append(f"there are no anchors: {file} is missing")
    except OSError as err:
        verdict.behind.append(f"the anchors in {file} cannot be read: {err.strerror}")
    if retired:
        verdict.remarks.append(f"{retired} lines of {file} are signed by a key for what came after it was replaced")
    if unread:
        verdict.remarks.append(f"{unread} lines of {file} are no checkpoint that a trusted key signed")


def _lines_of(anchors: Anchors) -> Iterator[bytes]:
    if isinstance(anchors, OSError):
        raise anchors
    stream, size = anchors
    return lines_of(stream, up_to=size)
