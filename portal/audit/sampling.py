"""Draws some of many by a seed, so that anybody who knows both can draw the same again. Pure: knows no database.

The order is that of SHA-256(seed, ":", number) as hexadecimal text; the first ones are drawn. Nobody can wish a number
into the sample but by trying seeds, and each try is an event.
"""

import hashlib
import heapq
import re
from collections.abc import Iterable
from dataclasses import dataclass

SEED = re.compile(r"^[A-Za-z0-9._-]{1,64}\Z")


class UnfitSeed(ValueError):
    """A seed of other characters, or too long: whole sentences do not belong into a sealed body."""


@dataclass(frozen=True, order=True)
class Drawn:
    """A number and the hash that put it where it is."""

    digest: str
    number: int


@dataclass(frozen=True)
class Sample:
    """What was drawn, in the order of the hashes, out of how many."""

    drawn: list[Drawn]
    candidates: int


def checked_seed(seed: str) -> str:
    """The seed, if it may be sealed."""
    if not SEED.search(seed):
        raise UnfitSeed("A seed has 1 to 64 letters a to z or A to Z, digits, full stops, hyphens and underscores.")
    return seed


def draw(numbers: Iterable[int], *, seed: str, size: int) -> Sample:
    """The first `size` by hash; memory for these alone, however many there are to choose from."""
    count = 0

    def hashed() -> Iterable[Drawn]:
        nonlocal count
        for number in numbers:
            count += 1
            yield Drawn(hashlib.sha256(f"{seed}:{number}".encode()).hexdigest(), number)

    drawn = heapq.nsmallest(size, hashed())
    return Sample(drawn, count)
