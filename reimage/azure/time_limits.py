"""How long a call to Azure may take, in seconds. Apart from the clients, which are slow to import."""

import math
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

CONNECT_SECONDS = 5
READ_SECONDS = 15
CALL_SECONDS = CONNECT_SECONDS + READ_SECONDS

Moment = Callable[[], float]  # monotonic seconds; it may move
_deadline: ContextVar[Moment] = ContextVar("deadline", default=lambda: math.inf)
_departure: ContextVar[float] = ContextVar("departure", default=math.inf)


@contextmanager
def until(deadline: Moment) -> Iterator[None]:
    """Within it nobody waits for a read, or for a token, after the deadline."""
    token = _deadline.set(deadline)
    try:
        yield
    finally:
        _deadline.reset(token)


def seconds_left() -> float:
    """Until the deadline; infinite without one."""
    return _deadline.get()() - time.monotonic()


@contextmanager
def leaving_until(departure: float) -> Iterator[None]:
    """Within it no write leaves after the departure (monotonic seconds)."""
    token = _departure.set(departure)
    try:
        yield
    finally:
        _departure.reset(token)


def has_departed() -> bool:
    """Whether it is too late for a write to leave."""
    return time.monotonic() > _departure.get()
