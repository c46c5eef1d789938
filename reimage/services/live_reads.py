"""Questions to Azure that a page waits for: bounded in time and in number.

An Azure that accepts connections and stays silent must not take every thread of the web: docs/decisions/0031.
"""

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from threading import BoundedSemaphore
from time import monotonic
from typing import TypeVar

from reimage.azure import time_limits

PAGES_AT_ONCE = 2  # of the four threads in deploy/gunicorn.conf.py; the others answer meanwhile
PARALLEL_READS = 8  # of each such page
TURN_SECONDS = 1.0
PAGE_SECONDS = 5.0
DEED_SECONDS = 10.0  # a draft may be of 50 machines

Item = TypeVar("Item")
Answer = TypeVar("Answer")
_turns = BoundedSemaphore(PAGES_AT_ONCE)


def ask(question: Callable[[Item], Answer], items: Iterable[Item], *, seconds: float = PAGE_SECONDS) -> list[Answer]:
    """The answers in the items' order, asked side by side. Raises what the question raises, or TimeoutError.

    TimeoutError: not all were there within so many seconds, or too many pages are waiting for Azure already.
    """
    if not _turns.acquire(timeout=TURN_SECONDS):
        raise TimeoutError
    try:
        return _asked(question, list(items), monotonic() + seconds)
    finally:
        _turns.release()


def _asked(question: Callable[[Item], Answer], items: list[Item], deadline: float) -> list[Answer]:
    asked = [_readers().submit(_within, deadline, question, item) for item in items]
    try:
        return [answer.result(timeout=max(deadline - monotonic(), 0)) for answer in asked]
    finally:
        for answer in asked:  # whoever reads already ends at the deadline
            answer.cancel()


def _within(deadline: float, question: Callable[[Item], Answer], item: Item) -> Answer:
    with time_limits.until(lambda: deadline):
        return question(item)


@cache
def _readers() -> ThreadPoolExecutor:
    """Made at the first question: threads do not survive gunicorn's fork."""
    return ThreadPoolExecutor(PAGES_AT_ONCE * PARALLEL_READS, thread_name_prefix="live-read")
