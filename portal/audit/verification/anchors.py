"""Holds the anchors against the checkpoints: what was told to the outside must still be so inside.

A sealer may be at work meanwhile: how far the log goes is asked after each anchor was read, for it was sealed before.
"""

from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path

from portal.audit.sealing.anchor_file import lines_of, read_line
from portal.audit.sealing.checkpoints import Checkpoint
from portal.audit.sealing.keys import TrustedKey
from portal.audit.verification.reading import as_text, rows, sealed_end
from portal.audit.verification.verdict import Verdict

CHUNK = 500
ANCHOR_START = b'{"note"'  # a syslog writes time, host and name before it


def check_anchors(file: Path, trusted: Sequence[TrustedKey], verdict: Verdict) -> None:
    """Every anchor must be a checkpoint of the log, word for word. After the checkpoints: they say which key had when
    handed over, and one that signs beyond that proves nothing."""
    anchors = _anchors(file, trusted, verdict)
    while chunk := list(islice(anchors, CHUNK)):
        sizes = [anchor.tree_size for anchor in chunk]
        marks = ", ".join(["%s"] * len(sizes))
        query = f"SELECT tree_size, note FROM audit_auditcheckpoint WHERE tree_size IN ({marks})"  # noqa: S608  # marks
        end = sealed_end()
        found = {size: as_text(note) for size, note in rows(query, sizes)}
        for anchor in chunk:
            _compare(anchor, found.get(anchor.tree_size), end, verdict)


def _compare(anchor: Checkpoint, note: str | None, end: int, verdict: Verdict) -> None:
    where = f"anchor of {anchor.tree_size} events"
    if anchor.tree_size > end:
        verdict.found([f"{where}: the log ends at #{end}: its tail was cut, or an old backup restored"])
    elif note is None:
        verdict.found([f"{where}: its checkpoint is not in the log any more"])
    elif not note.startswith(anchor.text + "\n"):
        verdict.found([f"{where}: the log has another checkpoint in its place: the past was sealed again"])
    else:
        verdict.anchored = max(verdict.anchored, anchor.tree_size)


def _anchors(file: Path, trusted: Sequence[TrustedKey], verdict: Verdict) -> Iterator[Checkpoint]:
    """The true ones. Anybody may add a line to a file, so a line that no trusted key signed proves nothing."""
    unread = retired = 0
    try:
        for line in lines_of(file):
            found = read_line(line[max(0, line.find(ANCHOR_START)) :])
            signers = [entry.key.short for entry in trusted if found and found[1].is_signed_by(entry.key)]
            if found and any(found[0].tree_size <= verdict.retired.get(key, found[0].tree_size) for key in signers):
                yield found[0]
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
