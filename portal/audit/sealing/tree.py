"""The tree as the database keeps it: leaves, and the roots of every 2^8, 2^16 and 2^24 of them. Reads only."""

from collections.abc import Iterable
from functools import lru_cache

from portal.audit.models import AuditLeaf, AuditSubtree
from portal.audit.sealing.merkle import node_hash

TILE_LEVELS = 8
TILE = 1 << TILE_LEVELS
KEPT_LEVELS = (8, 16, 24)


class TreeIncomplete(Exception):
    """A hash that must be there is missing from the database, or is not the one that was signed for."""


class StoredTree:
    """Nodes by level and index, read a tile of 256 at a time and remembered for the next proof."""

    def __init__(self) -> None:
        self._tile = lru_cache(maxsize=64)(_read_tile)
        self._inner = lru_cache(maxsize=4096)(self._compute)

    def node(self, level: int, index: int) -> bytes:
        """The root over a complete subtree; raises TreeIncomplete where it is not kept."""
        if level % TILE_LEVELS:
            return self._inner(level, index)
        try:
            return self._tile(level, index // TILE)[index % TILE]
        except KeyError as err:
            raise TreeIncomplete(f"The tree's node {index} of level {level} is missing.") from err

    def _compute(self, level: int, index: int) -> bytes:
        return node_hash(self.node(level - 1, 2 * index), self.node(level - 1, 2 * index + 1))


def _read_tile(level: int, tile: int) -> dict[int, bytes]:
    """By their place in the tile. What a damaged file of SQLite has in place of a hash is missing."""
    places = (tile * TILE, tile * TILE + TILE - 1)
    rows: Iterable[tuple[int, bytes | memoryview]]
    if level == 0:
        rows = AuditLeaf.objects.filter(leaf_index__range=places).values_list("leaf_index", "leaf_hash")
    else:
        rows = AuditSubtree.objects.filter(level=level, index__range=places).values_list("index", "root_hash")
    return {index % TILE: bytes(found) for index, found in rows if isinstance(found, bytes | memoryview)}
