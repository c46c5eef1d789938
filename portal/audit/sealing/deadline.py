"""HTTP that is over in time, however slowly the other side answers: a timeout of requests counts between two bytes."""

import socket
import threading
from collections.abc import Callable
from typing import Any, Self

import requests
from requests.adapters import HTTPAdapter


class DeadlineSession(requests.Session):
    """For one call, by one thread. Raises TimeoutError, on leaving its block, for a call that had to be cut short.

    What a cut leaves behind may look like an answer: headers that end too early are headers to http.client.
    """

    def __init__(self, seconds: float) -> None:
        super().__init__()
        self._seconds = seconds
        self._lock = threading.Lock()
        self._twins: list[socket.socket] = []
        self._is_over = False
        self._timer = threading.Timer(seconds, self._cut)
        self._timer.daemon = True
        for scheme in ("http://", "https://"):
            self.mount(scheme, _WatchedAdapter(self))

    def __enter__(self) -> Self:
        self._timer.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._timer.cancel()
        self._timer.join()
        super().__exit__(*exc)
        for twin in self._twins:
            twin.close()
        if self._is_over:
            raise TimeoutError(f"no answer within {self._seconds} seconds")

    def watch(self, connection: socket.socket) -> None:
        """Keeps a second handle: whoever wraps the first in TLS, or closes it, leaves this one as it is."""
        with self._lock:
            self._twins.append(connection.dup())
            if self._is_over:
                _shut(self._twins[-1])

    def _cut(self) -> None:
        with self._lock:
            self._is_over = True
            for twin in self._twins:
                _shut(twin)


def _shut(connection: socket.socket) -> None:
    """Whoever waits for it, in a handshake or an answer, finds its end at once."""
    try:
        connection.shutdown(socket.SHUT_RDWR)
    except OSError:
        return  # it has ended already


class _WatchedAdapter(HTTPAdapter):
    def __init__(self, session: DeadlineSession) -> None:
        self._watch = session.watch
        super().__init__()

    def get_connection_with_tls_context(self, *args: Any, **kwargs: Any) -> Any:
        pool: Any = super().get_connection_with_tls_context(*args, **kwargs)
        pool.ConnectionCls = _watched(pool.ConnectionCls, self._watch)
        return pool


def _watched(kind: Any, watch: Callable[[socket.socket], None]) -> Any:
    """Such connections, each shown as soon as it is there: before TLS, and before a proxy has its say."""

    class Watched(kind):  # one of urllib3's, for http or for https
        def _new_conn(self) -> socket.socket:
            made: socket.socket = super()._new_conn()
            watch(made)
            return made

    return Watched
