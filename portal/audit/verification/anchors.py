"""Holds the anchors against the checkpoints: what was told to the outside must still be so inside.

A sealer may be at work meanwhile: how far the log goes is asked after each anchor was read, for it was sealed before.
"""

from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path

from portal.audit.sealing.anchor_file import lines_of, read_line
from portal.audit.sealing.checkpoints import Checkpoint
from portal.audit.sealing.keys import TrustedKey
from portal.audit.sealing.sealer import sealed_size
from portal.audit.verification.reading import rows
from portal.audit.verification.verdict import Verdict

CHUNK = 500


def check_anchors(file: Path, trusted: Sequence[TrustedKey], verdict: Verdict) -> None:
    """Every anchor must be a checkpoint of the log, word for word."""
    anchors = _anchors(file, trusted, verdict)
    while chunk := list(islice(anchors, CHUNK)):
        sizes = [anchor.tree_size for anchor in chunk]
        marks = ", ".join(["%s"] * len(sizes))
        query = f"SELECT tree_size, note FROM audit_auditcheckpoint WHERE tree_size IN ({marks})"  # noqa: S608  # marks
        end = sealed_size()
        found: dict[int, str] = dict(rows(query, sizes))
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
    unread = 0
    try:
        for line in lines_of(file):
            found = read_line(line)
            if found and any(found[1].is_signed_by(entry.key) for entry in trusted):
                yield found[0]
            else:
                unread += 1
    except FileNotFoundError:
        verdict.behind.append(f"there are no anchors: {file} is missing")
    except OSError as err:
        verdict.behind.append(f"the anchors in {file} cannot be read: {err.strerror}")
    if unread:
        verdict.remarks.append(f"{unread} lines of {file} are no checkpoint that a trusted key signed")
