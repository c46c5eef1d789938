"""A tiny HTTPS server that answers as it is told and counts what arrives: the judge of what the SDK really sends."""

import json
import socket
import ssl
import struct
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar

import trustme

DRIP_SECONDS, DROPS = 0.05, 200


@dataclass(frozen=True)
class Answer:
    """What to answer; status 0 resets the connection, -1 stays silent until the client gives up.

    `drips`: "headers" or "body" come a byte at a time, each soon after the last, for ten seconds.
    """

    status: int = 200
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)
    drips: str = ""


@dataclass(frozen=True)
class Arrival:
    """One request as it came."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes


class Server:
    """Answers every request alike, after `answers`, one each.

    `arrivals` are all that came in; `url` and `ca_file` are for the client; `ran_dry`: an answer dripped to its end.
    """

    def __init__(self, url: str, ca_file: str) -> None:
        self.url, self.ca_file = url, ca_file
        self.answer = Answer()
        self.answers: list[Answer] = []
        self.arrivals: list[Arrival] = []
        self.closing = threading.Event()
        self.ran_dry = False

    def received(self, method: str) -> list[Arrival]:
        return [arrival for arrival in self.arrivals if arrival.method == method]


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_state: ClassVar[Server]

    def _serve(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        state = self.server_state
        state.arrivals.append(Arrival(self.command, self.path, dict(self.headers), body))
        answer = state.answers.pop(0) if state.answers else state.answer
        if answer.status == 0:
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        elif answer.status < 0:
            state.closing.wait()
        else:
            self._send(answer)
            return
        self.close_connection = True
        self.connection.close()

    def _send(self, answer: Answer) -> None:
        content = b"" if answer.body is None else json.dumps(answer.body).encode()
        self.send_response(answer.status)
        for name, value in {"Content-Type": "application/json", **answer.headers}.items():
            self.send_header(name, value)
        if answer.drips == "headers":
            self.flush_headers()
            self._drip()
        self.send_header("Content-Length", str(len(content)) if not answer.drips else "1000000")
        self.end_headers()
        if answer.drips == "body":
            self._drip()
        self.wfile.write(content)

    def _drip(self) -> None:
        for _ in range(DROPS):
            if self.server_state.closing.wait(DRIP_SECONDS):
                return
            self.wfile.write(b"x")
        self.server_state.ran_dry = True

    do_GET = do_POST = do_PATCH = _serve  # noqa: N815  # the names that http.server calls

    def log_message(self, *_: object) -> None:
        """Says nothing."""


@contextmanager
def https_server(folder: Path) -> Iterator[Server]:
    """On a free port of localhost, with an authority of its own."""
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(context)
    ca_file = folder / "ca.pem"
    authority.cert_pem.write_to_path(str(ca_file))
    handler = type("Handler", (_Handler,), {})
    http = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    http.daemon_threads, http.block_on_close = True, False
    http.handle_error = lambda *_: None
    http.socket = context.wrap_socket(http.socket, server_side=True)
    state = Server(f"https://localhost:{http.server_port}", str(ca_file))
    handler.server_state = state
    threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    try:
        yield state
    finally:
        state.closing.set()
        http.shutdown()
        http.server_close()
