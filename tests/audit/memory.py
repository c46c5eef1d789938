"""How much memory a piece of code holds."""

import tracemalloc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def most_memory() -> Iterator[list[int]]:
    """After the block the list holds one number: the most bytes that Python held at once for what the block made."""
    most: list[int] = []
    tracemalloc.start()
    try:
        yield most
        most.append(tracemalloc.get_traced_memory()[1])
    finally:
        tracemalloc.stop()
