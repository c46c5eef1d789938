"""The tree, held against the definitions of RFC 6962 written down once more, naively."""

import hashlib

import pytest

from portal.audit.sealing.merkle import (
    EMPTY_ROOT,
    Frontier,
    inclusion_proof,
    leaf_hash,
    node_hash,
    root_by_proof,
    root_over,
)

SIZES = [*range(1, 70), 255, 256, 257, 511, 513]


def naive_root(leaves: list[bytes]) -> bytes:
    if not leaves:
        return hashlib.sha256().digest()
    if len(leaves) == 1:
        return leaves[0]
    middle = 1
    while middle * 2 < len(leaves):
        middle *= 2
    return hashlib.sha256(b"\x01" + naive_root(leaves[:middle]) + naive_root(leaves[middle:])).digest()


class NaiveNodes:
    def __init__(self, leaves: list[bytes]) -> None:
        self.leaves = leaves

    def node(self, level: int, index: int) -> bytes:
        subtree = self.leaves[index << level : (index + 1) << level]
        assert len(subtree) == 1 << level
        return naive_root(subtree)


def leaves_of(size: int) -> list[bytes]:
    return [leaf_hash(b"%d" % number) for number in range(size)]


def test_the_hashes_are_those_of_the_rfc() -> None:
    """Test vectors of RFC 6962's reference implementation."""
    assert EMPTY_ROOT.hex() == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    assert leaf_hash(b"").hex() == "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"
    assert node_hash(leaf_hash(b""), leaf_hash(b"\x00")).hex() == (
        "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"
    )


@pytest.mark.parametrize("size", SIZES)
def test_a_growing_tree_has_the_root_of_the_definition(size: int) -> None:
    leaves, frontier = leaves_of(size), Frontier()
    completed = [
        (level, (frontier.size >> level) - 1, root) for leaf in leaves for level, root in frontier.append(leaf)
    ]
    assert frontier.root() == naive_root(leaves)
    nodes = NaiveNodes(leaves)
    assert all(nodes.node(level, index) == root for level, index, root in completed)
    assert len(completed) == sum(size >> level for level in range(1, 12))


@pytest.mark.parametrize("size", SIZES)
def test_a_tree_goes_on_from_its_kept_nodes(size: int) -> None:
    leaves = leaves_of(size + 3)
    frontier = Frontier.of(NaiveNodes(leaves[:size]), size)
    assert frontier.root() == naive_root(leaves[:size]) == root_over(NaiveNodes(leaves), 0, size)
    for leaf in leaves[size:]:
        frontier.append(leaf)
    assert frontier.root() == naive_root(leaves)


@pytest.mark.parametrize("size", [1, 2, 3, 5, 8, 21, 64, 257])
def test_every_leaf_has_a_proof_that_leads_to_the_root_and_to_no_other(size: int) -> None:
    leaves = leaves_of(size)
    nodes, root = NaiveNodes(leaves), naive_root(leaves)
    for index, leaf in enumerate(leaves):
        proof = inclusion_proof(nodes, index, size)
        assert root_by_proof(leaf, index, size, proof) == root
        assert root_by_proof(leaf, index + 1, size, proof) != root
        assert root_by_proof(leaf_hash(b"another"), index, size, proof) != root
        assert root_by_proof(leaf, index, size, [*proof, root]) is None
        if proof:
            assert root_by_proof(leaf, index, size, proof[:-1]) != root


def test_a_place_outside_the_tree_has_no_proof() -> None:
    assert root_by_proof(leaf_hash(b""), -1, 1, []) is None
    assert root_by_proof(leaf_hash(b""), 1, 1, []) is None
    for index in (-1, 3):
        with pytest.raises(ValueError, match=f"A tree of 3 leaves has no leaf {index}"):
            inclusion_proof(NaiveNodes(leaves_of(3)), index, 3)
