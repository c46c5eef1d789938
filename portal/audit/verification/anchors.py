"""Holds the anchors against the checkpoints: what was told to the outside must still be so inside.

A sealer may be at work meanwhile: anchors count as far as the file went before the log's end was asked for.
"""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from itertools import islice
from pathlib import Path
from stat import S_ISREG

from portal.audit.sealing.anchor_file import lines_of, read_line
from portal.audit.sealing.checkpoints import Checkpoint
from portal.audit.sealing.keys import TrustedKey
from portal.audit.sealing.notes import NoteError, SignedNote, VerifierKey, parse
from portal.audit.verification.reading import as_text, rows
from portal.audit.verification.verdict import Verdict

CHUNK = 500
ANCHOR_START = b'{"note"'  # a syslog writes time, host and name before it


def check_anchors(file: Path, trusted: Sequence[TrustedKey], verdict: Verdict, *, up_to: int | None) -> None:
    """Every anchor must be a checkpoint of the log, word for word. After the checkpoints: they say which key had when
    handed over, and one that signs beyond that proves nothing.

    `up_to`: as many bytes of the file as there were before the log's end was asked for. What they know was sealed by
    then, and so was verified; what comes behind is for the next time.
    """
    anchors = _anchors(lines_of(file, up_to=up_to), file, trusted, verdict)
    keys = [entry.key for entry in trusted]
    while chunk := list(islice(anchors, CHUNK)):
        sizes = [anchor.tree_size for anchor, _ in chunk]
        marks = ", ".join(["%s"] * len(sizes))
        query = f"SELECT tree_size, note FROM audit_auditcheckpoint WHERE tree_size IN ({marks})"  # noqa: S608  # marks
        found = {size: as_text(note) for size, note in rows(query, sizes)}
        for anchor, signed in chunk:
            problem = _problem_with(anchor, signed, found.get(anchor.tree_size), verdict.sealed, keys)
            verdict.found([f"anchor of {anchor.tree_size} events: {problem}"] if problem else [])
            verdict.anchored = max(verdict.anchored, 0 if problem else anchor.tree_size)


def known_before(file: Path) -> int | None:
    """For `up_to`; None for what has no length, such as a pipe, and for a file that is not there."""
    try:
        found = file.stat()
    except OSError:
        return None
    return found.st_size if S_ISREG(found.st_mode) else None


def _problem_with(
    anchor: Checkpoint, signed: SignedNote, note: str | None, end: int, keys: Sequence[VerifierKey]
) -> str:
    if anchor.tree_size > end:
        return f"the log ends at #{end}: its tail was cut, or an old backup restored"
    if note is None:
        return "its checkpoint is not in the log any more"
    if not note.startswith(anchor.text + "\n"):
        return "the log has another checkpoint in its place: the past was sealed again"
    if not set(signed.signers(keys)) - {None} <= _signers_of(note, keys):
        return "the log's checkpoint lacks a signature that it had: a key's taking over was undone"
    return ""


def _signers_of(note: str, keys: Sequence[VerifierKey]) -> set[VerifierKey | None]:
    with suppress(NoteError):
        return set(parse(note).signers(keys))
    return set()


def _anchors(
    lines: Iterator[bytes], file: Path, trusted: Sequence[TrustedKey], verdict: Verdict
) -> Iterator[tuple[Checkpoint, SignedNote]]:
    """The true ones. Anybody may add a line to a file, so a line that no trusted key signed proves nothing."""
    unread = retired = 0
    try:
        for line in lines:
            found = read_line(line[max(0, line.find(ANCHOR_START)) :])
            signers = [entry.key.short for entry in trusted if found and found[1].is_signed_by(entry.key)]
            if found and any(found[0].tree_size <= verdict.retired.get(key, found[0].tree_size) for key in signers):
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
