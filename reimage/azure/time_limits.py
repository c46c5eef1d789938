"""How long a call to Azure may take, in seconds. Apart from the clients, which are slow to import."""

import math
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from contextvars import ContextVar
from typing import TypeVar

CONNECT_SECONDS = 5
READ_SECONDS = 15
CALL_SECONDS = CONNECT_SECONDS + READ_SECONDS

Value = TypeVar("Value")
Moment = Callable[[], float]  # monotonic seconds; it may move
_deadline: ContextVar[Moment] = ContextVar("deadline", default=lambda: math.inf)
_departure: ContextVar[float] = ContextVar("departure", default=math.inf)


def until(deadline: Moment) -> AbstractContextManager[None]:
    """Within it nobody waits for a read, or for a token, after the deadline."""
    return _within(_deadline, deadline)


def seconds_left() -> float:
    """Until the deadline; infinite without one."""
    return _deadline.get()() - time.monotonic()


def leaving_until(departure: float) -> AbstractContextManager[None]:
    """Within it no write leaves after the departure (monotonic seconds)."""
    return _within(_departure, departure)


def seconds_for_answer() -> float:
    """Until the answer to a write is worth no more waiting: all of a call's time after the departure."""
    return _departure.get() + CALL_SECONDS - time.monotonic()


def has_departed() -> bool:
    """Whether it is too late for a write to leave."""
    return time.monotonic() > _departure.get()


@contextmanager
def _within(variable: ContextVar[Value], value: Value) -> Iterator[None]:
    token = variable.set(value)
    try:
        yield
    finally:
        variable.reset(token)
