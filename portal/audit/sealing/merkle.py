"""The Merkle tree of RFC 6962, section 2.1: hashes, roots and proofs. Pure: it does not know where nodes are kept."""

import hashlib
from collections.abc import Sequence
from typing import Protocol

EMPTY_ROOT = hashlib.sha256(b"").digest()


class Nodes(Protocol):
    """Anything that knows the roots of complete subtrees."""

    def node(self, level: int, index: int) -> bytes:
        """The root over the leaves from index × 2^level on, 2^level of them."""


def leaf_hash(data: bytes) -> bytes:
    """A leaf and an inner node can never be taken for each other: their first bytes differ."""
    return hashlib.sha256(b"\x00" + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """The node above two others."""
    return hashlib.sha256(b"\x01" + left + right).digest()


class Frontier:
    """A tree that grows: it keeps the roots of its complete subtrees alone, one per bit of its size."""

    def __init__(self, size: int = 0, peaks: Sequence[bytes] = ()) -> None:
        self.size = size
        self._peaks = list(peaks)

    @classmethod
    def of(cls, nodes: Nodes, size: int) -> "Frontier":
        """The frontier of a tree whose nodes are kept elsewhere."""
        peaks, start = [], 0
        for level in reversed(range(size.bit_length())):
            if size >> level & 1:
                peaks.append(nodes.node(level, start >> level))
                start += 1 << level
        return cls(size, peaks)

    def append(self, leaf: bytes) -> list[tuple[int, bytes]]:
        """Adds a leaf; returns level and root of every subtree that it completes."""
        completed, level, node = [], 0, leaf
        while self.size >> level & 1:
            node = node_hash(self._peaks.pop(), node)
            level += 1
            completed.append((level, node))
        self._peaks.append(node)
        self.size += 1
        return completed

    def root(self) -> bytes:
        """The root over all leaves so far."""
        if not self._peaks:
            return EMPTY_ROOT
        root = self._peaks[-1]
        for peak in self._peaks[-2::-1]:
            root = node_hash(peak, root)
        return root


def root_over(nodes: Nodes, start: int, end: int) -> bytes:
    """MTH(D[start:end]); start is a multiple of the largest power of two below the length."""
    length = end - start
    if length & (length - 1) == 0:
        level = length.bit_length() - 1
        return nodes.node(level, start >> level)
    middle = start + _split(length)
    return node_hash(root_over(nodes, start, middle), root_over(nodes, middle, end))


def inclusion_proof(nodes: Nodes, index: int, size: int) -> list[bytes]:
    """PATH(index, D[0:size]), from the leaf upwards. Raises ValueError for a place outside the tree."""
    if not 0 <= index < size:
        raise ValueError(f"A tree of {size} leaves has no leaf {index}.")
    return _path(nodes, index, 0, size)


def _path(nodes: Nodes, index: int, start: int, end: int) -> list[bytes]:
    if end - start == 1:
        return []
    middle = start + _split(end - start)
    if index < middle:
        return [*_path(nodes, index, start, middle), root_over(nodes, middle, end)]
    return [*_path(nodes, index, middle, end), root_over(nodes, start, middle)]


def _split(length: int) -> int:
    """The largest power of two below the length."""
    return 1 << (length - 1).bit_length() - 1


def root_by_proof(leaf: bytes, index: int, size: int, proof: Sequence[bytes]) -> bytes | None:
    """The root that a proof leads to (RFC 9162, section 2.1.3.2); None where it has the wrong length."""
    if not 0 <= index < size:
        return None
    node, last = leaf, size - 1
    for sibling in proof:
        if last == 0:
            return None
        if index & 1 or index == last:
            node = node_hash(sibling, node)
            while index and not index & 1:
                index, last = index >> 1, last >> 1
        else:
            node = node_hash(node, sibling)
        index, last = index >> 1, last >> 1
    return node if last == 0 else None
