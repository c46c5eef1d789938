"""How long a call to Azure may take, in seconds. Apart from the clients, which are slow to import."""

import math
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

CONNECT_SECONDS = 5
READ_SECONDS = 15
CALL_SECONDS = CONNECT_SECONDS + READ_SECONDS

_deadline: ContextVar[Callable[[], float]] = ContextVar("deadline", default=lambda: math.inf)


@contextmanager
def until(deadline: Callable[[], float]) -> Iterator[None]:
    """Within it no read, and no call for a token, goes on after the deadline (monotonic seconds), which may move."""
    token = _deadline.set(deadline)
    try:
        yield
    finally:
        _deadline.reset(token)


def seconds_left() -> float:
    """Until the deadline; infinite without one."""
    return _deadline.get()() - time.monotonic()
