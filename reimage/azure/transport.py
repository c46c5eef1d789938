"""Certificates, environment and time limits of what goes over the wire: to Azure, and for the portal's tokens.

The limits of a connection count from one byte to the next, and not while its host's name is looked up. So whoever calls
within a deadline has it done in a thread of its own, and a write's departure is asked once the connection stands.
"""

import math
import time
from collections.abc import Callable
from concurrent.futures import Future
from contextvars import copy_context
from functools import partial
from threading import BoundedSemaphore, Thread
from typing import Any

import requests
from azure.core.exceptions import ServiceRequestTimeoutError, ServiceResponseTimeoutError
from azure.core.pipeline.transport import RequestsTransport
from django.conf import settings
from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool, Retry
from urllib3.connection import HTTPSConnection
from urllib3.exceptions import NewConnectionError

from reimage.azure.time_limits import CONNECT_SECONDS, READ_SECONDS, has_departed, seconds_left

LIMITS: dict[str, Any] = {"connection_timeout": CONNECT_SECONDS, "read_timeout": READ_SECONDS}  # of one try
MOST_AT_ONCE = 64  # calls; those that nobody waits for any more count until their connection ends them
_turns = BoundedSemaphore(MOST_AT_ONCE)


def options() -> dict[str, Any]:
    """Of a transport, or of a client that makes its own. With a CA bundle of ours, the environment changes nothing."""
    return {
        "connection_verify": settings.AZURE_CA_BUNDLE or True,
        "use_env_settings": not settings.AZURE_CA_BUNDLE,
        **LIMITS,
    }


class TimelyTransport(RequestsTransport):
    """For reads and tokens: ends each try within the time that is left (`time_limits.until`)."""

    def send(self, request: Any, *, proxies: Any = None, **options: Any) -> Any:
        """As its parent. Raises ServiceRequestTimeoutError, or ServiceResponseTimeoutError, when the time is over."""
        left = seconds_left()
        if left <= 0:
            raise ServiceRequestTimeoutError("There was no time left for it; nothing was sent.")
        connect = min(options.pop("connection_timeout", self.connection_config.timeout), left / 2)
        read = min(options.pop("read_timeout", self.connection_config.read_timeout), left - connect)
        send = partial(super().send, request, proxies=proxies, connection_timeout=connect, read_timeout=read, **options)
        return awaited(send, left)


def awaited(send: Callable[[], Any], seconds: float) -> Any:
    """What comes within so many seconds; without an end to them, in this thread. Whatever comes later is dropped;
    daemons keep no process from its end.

    Raises ServiceRequestTimeoutError, or ServiceResponseTimeoutError where it was begun.
    """
    if math.isinf(seconds):
        return send()
    turns, deadline = _turns, time.monotonic() + seconds
    if not turns.acquire(timeout=seconds):
        raise ServiceRequestTimeoutError("Too many calls are waited for already; nothing was sent.")
    answer: Future[Any] = Future()
    try:
        _begin(partial(copy_context().run, _fulfill, answer, send, turns))
    except RuntimeError:
        turns.release()
        raise ServiceRequestTimeoutError("This machine has no thread left; nothing was sent.") from None
    try:
        return answer.result(timeout=max(0.0, deadline - time.monotonic()))
    except TimeoutError:
        raise ServiceResponseTimeoutError("The whole answer did not come in time.") from None


def _begin(target: Callable[[], None]) -> None:
    Thread(target=target, name="azure-call", daemon=True).start()


def _fulfill(answer: "Future[Any]", send: Callable[[], Any], turns: BoundedSemaphore) -> None:
    try:
        answer.set_result(send())
    except BaseException as err:  # whatever it is, it is for whoever waits
        answer.set_exception(err)
    finally:
        turns.release()


class _Connection(HTTPSConnection):
    def connect(self) -> None:
        super().connect()
        if has_departed():
            raise NewConnectionError(self, "It took too long to connect; nothing was sent.")


class _Pool(HTTPSConnectionPool):
    """Each call has a connection of its own: one that was kept may be closed by the other end at the very moment that
    the call leaves, and then nobody knows whether it arrived."""

    ConnectionCls = _Connection

    def _put_conn(self, conn: Any) -> None:
        if conn:
            conn.close()
        super()._put_conn(conn)


class _Adapter(HTTPAdapter):
    """Connections that ask, once they stand, whether there is still time to send; through a proxy too."""

    pools = {"http": HTTPConnectionPool, "https": _Pool}

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = self.pools

    def proxy_manager_for(self, *args: Any, **kwargs: Any) -> Any:
        manager = super().proxy_manager_for(*args, **kwargs)
        manager.pool_classes_by_scheme = self.pools
        return manager


def punctual_transport() -> RequestsTransport:
    """For writes: nothing leaves after the departure (`time_limits.leaving_until`), however long it took to connect."""
    session = requests.Session()
    session.trust_env = options()["use_env_settings"]
    session.mount("https://", _Adapter(max_retries=Retry(total=False, redirect=False, raise_on_status=False)))
    return RequestsTransport(session=session, **options())
