"""One process, two ports: http and https over the same application. Knows sockets and signals, no Azure."""

import asyncio
import signal
import socket
import ssl
from collections.abc import Generator
from contextlib import contextmanager
from typing import Any

import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol


class PortTakenError(RuntimeError):
    """Somebody else listens there already."""


def listen(port: int, option: str) -> socket.socket:
    """A loopback socket, bound before anything else is built. Port 0 takes any free one. Raises PortTakenError."""
    # Named, or asyncio leaves Nagle's algorithm on, which together with delayed ACKs costs 40 ms an answer.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind(("127.0.0.1", port))
        listener.listen(2048)
    except OSError as error:
        listener.close()
        message = f"port {port} cannot be used ({error.strerror}): end the program that has it, or choose with {option}"
        raise PortTakenError(message) from error
    return listener


class _Protocol(HttpToolsProtocol):
    """Hands its transport to the application, so that a fault can reset the connection."""

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self.scope["extensions"] = {"sandbox": {"transport": self.transport}}


class _Server(uvicorn.Server):
    @contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        yield  # signals are handled once, for both servers, below


def serve(app: ASGIApp, http: socket.socket, https: socket.socket, tls: ssl.SSLContext) -> None:
    """Serve until SIGINT or SIGTERM, then end at once: open keep-alive connections are not waited for."""
    asyncio.run(_serve([(_server(app), http), (_server(app, tls), https)]))


async def _serve(servers: list[tuple[_Server, socket.socket]]) -> None:
    def stop() -> None:
        for server, _ in servers:
            server.should_exit = server.force_exit = True

    for name in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(name, stop)
    await asyncio.gather(*(server.serve([listener]) for server, listener in servers))


def _server(app: ASGIApp, tls: ssl.SSLContext | None = None) -> _Server:
    options: dict[str, Any] = {"ssl_context_factory": lambda _config, _default: tls} if tls else {}
    config = uvicorn.Config(
        app, http=_Protocol, lifespan="off", log_level="warning", access_log=False, proxy_headers=False, **options
    )
    return _Server(config)
