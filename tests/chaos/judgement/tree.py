"""The log against its Merkle tree and its anchors, by a reckoning of the judge's own (RFC 6962, section 2.1).

Numbers and digests within the log can be made anew by whoever cuts something out of it; anchors outside cannot.
"""

import hashlib
from collections.abc import Container, Iterator, Sequence
from functools import reduce

from tests.chaos.evidence import Anchor, Event


def tree_gaps(events: Sequence[Event], anchors: Sequence[Anchor]) -> Iterator[str]:
    """A leaf for every event, a place for every leaf, the root of every anchor, and nothing beyond the last."""
    for event in events:
        if event.place is None:
            yield f"{event.subject or event.action}: event {event.sequence} has no leaf"
        elif leaf_of(event.raw).hex() != event.leaf:
            yield f"{event.subject or event.action}: event {event.sequence} is not what its leaf says"
    placed = sorted((event for event in events if event.place is not None), key=lambda event: event.place or 0)
    if [event.place for event in placed] != list(range(len(placed))):
        yield "the leaves' places are not 0, 1, 2 and so on"
    roots = roots_of([event.raw for event in placed], {anchor.size for anchor in anchors})
    for anchor in anchors:
        if anchor.size not in roots:
            yield f"the log has {len(placed)} events, but {anchor.size} are anchored"
        elif roots[anchor.size].hex() != anchor.root:
            yield f"the first {anchor.size} events are not those that were anchored"
    if (last := max((anchor.size for anchor in anchors), default=0)) < len(events):
        yield f"the log has {len(events)} events, but only {last} are anchored"


def leaf_of(raw: bytes) -> bytes:
    return hashlib.sha256(b"\x00" + raw).digest()


def roots_of(raws: Sequence[bytes], sizes: Container[int]) -> dict[int, bytes]:
    """The root over the first n, for those n that are wanted and that there are."""
    roots, peaks = dict[int, bytes](), list[bytes]()
    for count, raw in enumerate(raws):
        node, bits = leaf_of(raw), count
        while bits & 1:
            node, bits = _above(peaks.pop(), node), bits >> 1
        peaks.append(node)
        if count + 1 in sizes:
            roots[count + 1] = reduce(lambda right, left: _above(left, right), reversed(peaks))
    return roots


def _above(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\x01" + left + right).digest()
