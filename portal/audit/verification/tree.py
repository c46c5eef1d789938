"""Builds the tree again from the leaves and holds it against every checkpoint and every kept subtree."""

from collections.abc import Iterator

from portal.audit.sealing.checkpoints import Checkpoint
from portal.audit.sealing.merkle import Frontier
from portal.audit.sealing.tree import KEPT_LEVELS
from portal.audit.verification import database_file
from portal.audit.verification.events import Segment
from portal.audit.verification.reading import as_bytes, rows
from portal.audit.verification.verdict import Verdict

_SUBTREES = 'SELECT root_hash FROM audit_auditsubtree WHERE level = %s AND "index" = %s'
# In one statement, so that a sealer that is at work meanwhile has added both or neither.
_SURPLUS = """
    SELECT COUNT(*) FROM audit_auditsubtree WHERE (level IN (8, 16, 24) AND "index" >= 0
    AND "index" < (SELECT COALESCE(MAX(tree_size), 0) FROM audit_auditcheckpoint) >> level) IS NOT TRUE
"""


class TreeCheck:
    """Takes segments in order. After the first difference every later root differs too, so it says so once."""

    def __init__(self, checkpoints: Iterator[Checkpoint], verdict: Verdict) -> None:
        self._checkpoints, self._verdict = checkpoints, verdict
        self._frontier = Frontier()
        self._next = next(checkpoints, None)
        self._last_good = 0
        self._is_broken = False

    def add(self, segment: Segment) -> None:
        """The next leaves."""
        self._is_broken = self._is_broken or not segment.is_whole
        if self._is_broken:
            return
        for place in range(0, len(segment.hashes), 32):
            for level, root in self._frontier.append(segment.hashes[place : place + 32]):
                if level in KEPT_LEVELS:
                    self._compare_subtree(level, (self._frontier.size >> level) - 1, root)
            while self._next and self._next.tree_size <= self._frontier.size:
                self._compare_root(self._next)
                if self._is_broken:
                    return
                self._next = next(self._checkpoints, None)

    def finish(self) -> None:
        """Reads the checkpoints that are left, so that their signatures are verified as well, and asks the database
        whether what was read is all that its file says."""
        first = self._next or next(self._checkpoints, None)
        for _ in self._checkpoints:
            pass
        if first and not self._is_broken:
            self._verdict.found([f"checkpoint of {first.tree_size} events: there is no place to compare it at"])
        self._verdict.found(database_file.damage())
        if not self._is_broken and rows(_SURPLUS) != [(0,)]:
            self._verdict.found(["the tree keeps more subtrees than its events have"])

    def _compare_root(self, checkpoint: Checkpoint) -> None:
        if checkpoint.tree_size == self._frontier.size and self._frontier.root() == checkpoint.root_hash:
            self._last_good = checkpoint.tree_size
            return
        self._is_broken = True
        range_of_suspects = f"#{self._last_good + 1} to #{checkpoint.tree_size}"
        problem = f"the events do not lead to its root; one of {range_of_suspects} was changed, removed, added or moved"
        self._verdict.found([f"checkpoint of {checkpoint.tree_size} events: {problem}"])

    def _compare_subtree(self, level: int, index: int, root: bytes) -> None:
        stored = rows(_SUBTREES, (level, index))
        if [as_bytes(found[0]) for found in stored] != [root]:
            self._verdict.found([f"subtree {index} of level {level}: it is missing, or not the root over its events"])
