"""An answer leaves the sandbox when it is written: held back for an ACK it would take 40 ms."""

import asyncio
import socket
from concurrent.futures import ThreadPoolExecutor

from sandbox.server import listen


def test_its_connections_do_not_wait_for_acknowledgements() -> None:
    with ThreadPoolExecutor(1) as elsewhere:  # a browser's test in this process leaves an event loop running
        assert elsewhere.submit(asyncio.run, _accepted_socket_option()).result() != 0


async def _accepted_socket_option() -> int:
    """TCP_NODELAY of a connection as the sandbox's server accepts it."""
    loop = asyncio.get_running_loop()
    found: asyncio.Future[int] = loop.create_future()

    def connected(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        found.set_result(writer.get_extra_info("socket").getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))
        writer.close()

    listener = listen(0, "--http-port")
    async with await asyncio.start_server(connected, sock=listener):
        _, writer = await asyncio.open_connection(*listener.getsockname())
        try:
            return await found
        finally:
            writer.close()
            await writer.wait_closed()
