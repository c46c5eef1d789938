"""A proxy that makes tunnels (CONNECT), for tests of what the portal sends through one."""

import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from threading import Thread


class Proxy:
    """Listens on a free port of loopback; calls `on_tunnel` before it says that a tunnel stands."""

    def __init__(self, listening: socket.socket, on_tunnel: Callable[[], None]) -> None:
        self.url = f"http://127.0.0.1:{listening.getsockname()[1]}"
        self.tunnels = 0
        self._listening, self._on_tunnel = listening, on_tunnel

    def serve(self) -> None:
        """Until its socket is closed."""
        with suppress(OSError):
            while True:
                client, _ = self._listening.accept()
                Thread(target=self._tunnel, args=(client,), daemon=True).start()

    def _tunnel(self, client: socket.socket) -> None:
        with client, suppress(OSError):
            head = b""
            while b"\r\n\r\n" not in head:
                head += client.recv(65_536)
            host, _, port = head.split()[1].decode().rpartition(":")
            self.tunnels += 1
            with socket.create_connection((host, int(port))) as server:
                self._on_tunnel()
                client.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
                back = Thread(target=_pump, args=(server, client), daemon=True)
                back.start()
                _pump(client, server)
                back.join()


def _pump(source: socket.socket, sink: socket.socket) -> None:
    with suppress(OSError):
        while data := source.recv(65_536):
            sink.sendall(data)
    with suppress(OSError):
        sink.shutdown(socket.SHUT_RDWR)


@contextmanager
def proxy(on_tunnel: Callable[[], None]) -> Iterator[Proxy]:
    """While the block runs."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        running = Proxy(listening, on_tunnel)
        Thread(target=running.serve, daemon=True).start()
        yield running
        listening.shutdown(socket.SHUT_RDWR)
