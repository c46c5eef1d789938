"""How long one try may take: its own limits, or less where its step has less time left."""

import math
import time
from collections.abc import Iterator
from concurrent.futures import Future
from threading import BoundedSemaphore, Event
from typing import Any

import pytest
from azure.core.exceptions import ServiceRequestTimeoutError, ServiceResponseTimeoutError
from azure.core.rest import HttpRequest
from requests import ConnectTimeout, Session

from reimage.azure import transport
from reimage.azure.time_limits import until
from reimage.azure.transport import LIMITS, TimelyTransport

READ = HttpRequest("GET", "https://management.example.invalid/")


class Recorder(Session):
    """Notes with which limits it was asked; connects to nothing."""

    def __init__(self) -> None:
        super().__init__()
        self.timeouts: list[tuple[float, float]] = []

    def request(self, *_: Any, timeout: Any = None, **__: Any) -> Any:
        self.timeouts.append(timeout)
        raise ConnectTimeout


def limits(*, seconds_left: float = math.inf, **options: float) -> tuple[float, float]:
    """Of a try to connect, and of one to read."""
    session = Recorder()
    wire = TimelyTransport(session=session, session_owner=False, **LIMITS)
    deadline = time.monotonic() + seconds_left
    with until(lambda: deadline), pytest.raises(ServiceRequestTimeoutError):
        wire.send(READ, **options)
    (timeout,) = session.timeouts
    return timeout


def test_without_a_deadline_the_limits_are_the_clients_or_the_calls_own() -> None:
    assert limits() == (5, 15)
    assert limits(connection_timeout=1, read_timeout=2) == (1, 2)


def test_with_time_enough_nothing_is_cut() -> None:
    assert limits(seconds_left=1_000) == (5, 15)


@pytest.mark.parametrize("left", [0.5, 4, 19])
def test_both_together_end_before_the_deadline(left: float) -> None:
    assert left * 0.5 < sum(limits(seconds_left=left)) <= left


def test_a_deadline_may_move_and_ends_with_its_step() -> None:
    moving = [time.monotonic()]
    session = Recorder()
    wire = TimelyTransport(session=session, session_owner=False, **LIMITS)
    with until(lambda: moving[0]):
        with pytest.raises(ServiceRequestTimeoutError):
            wire.send(READ)
        assert session.timeouts == []
        moving[0] += 1_000
        with pytest.raises(ServiceRequestTimeoutError):
            wire.send(READ)
    with until(lambda: 0.0):
        pass
    with pytest.raises(ServiceRequestTimeoutError):
        wire.send(READ)
    assert session.timeouts == [(5, 15), (5, 15)]


class Hanging(Session):
    """Looks a name up, or reads, a byte now and then: no limit of a connection ends it."""

    def __init__(self) -> None:
        super().__init__()
        self.begun, self.ended = Event(), Event()

    def request(self, *_: Any, **__: Any) -> Any:
        self.begun.set()
        self.ended.wait()
        raise ConnectTimeout


@pytest.fixture
def hanging() -> Iterator[Hanging]:
    session = Hanging()
    yield session
    session.ended.set()


def test_what_no_limit_of_a_connection_ends_is_not_waited_for(hanging: Hanging) -> None:
    wire = TimelyTransport(session=hanging, session_owner=False, **LIMITS)
    deadline = time.monotonic() + 0.2
    with until(lambda: deadline), pytest.raises(ServiceResponseTimeoutError):
        wire.send(READ)
    assert hanging.begun.is_set()
    assert not hanging.ended.is_set()


def test_of_those_that_hang_there_are_not_more_and_more(hanging: Hanging, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transport, "_turns", BoundedSemaphore(1))
    wire = TimelyTransport(session=hanging, session_owner=False, **LIMITS)
    other = Recorder()
    deadlines = [time.monotonic() + 0.2, time.monotonic() + 0.4]
    with until(lambda: deadlines[0]), pytest.raises(ServiceResponseTimeoutError):
        wire.send(READ)
    with until(lambda: deadlines[1]), pytest.raises(ServiceRequestTimeoutError, match="waited for already"):
        TimelyTransport(session=other, session_owner=False, **LIMITS).send(READ)
    assert other.timeouts == []


def test_the_wait_for_a_turn_is_a_part_of_the_time(hanging: Hanging, monkeypatch: pytest.MonkeyPatch) -> None:
    clock, waited = [time.monotonic()], []

    class LateTurn(BoundedSemaphore):
        def acquire(self, blocking: bool = True, timeout: float | None = None) -> bool:
            clock[0] += 0.9
            return super().acquire(blocking, timeout)

    class Noted(Future[Any]):
        def result(self, timeout: float | None = None) -> Any:
            waited.append(timeout)
            raise TimeoutError

    monkeypatch.setattr(transport, "_turns", LateTurn(1))
    monkeypatch.setattr(transport, "Future", Noted)
    monkeypatch.setattr(transport.time, "monotonic", lambda: clock[0])
    with until(lambda: clock[0] + 1), pytest.raises(ServiceResponseTimeoutError):
        TimelyTransport(session=hanging, session_owner=False, **LIMITS).send(READ)
    assert waited == [pytest.approx(0.1)]


def test_a_thread_that_cannot_begin_takes_no_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    def too_many(_target: object) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(transport, "_turns", BoundedSemaphore(1))
    wire = TimelyTransport(session=(session := Recorder()), session_owner=False, **LIMITS)
    deadline = time.monotonic() + 10
    with until(lambda: deadline):
        with monkeypatch.context() as moment:
            moment.setattr(transport, "_begin", too_many)
            with pytest.raises(ServiceRequestTimeoutError, match="no thread left"):
                wire.send(READ)
        assert session.timeouts == []
        with pytest.raises(ServiceRequestTimeoutError):
            wire.send(READ)
    assert len(session.timeouts) == 1


def test_whatever_ends_a_read_ends_whoever_waits_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    class Ended(BaseException):
        """As a process that is to end raises it."""

    class Ending(Session):
        def request(self, *_: Any, **__: Any) -> Any:
            raise Ended

    deadline = time.monotonic() + 10
    with until(lambda: deadline), pytest.raises(Ended):
        TimelyTransport(session=Ending(), session_owner=False, **LIMITS).send(READ)
