"""Writes to a syslog: over TCP with counted octets (RFC 6587), or to a local socket such as /dev/log."""

import socket
import time
from collections.abc import Sequence
from urllib.parse import urlsplit

TIMEOUT_SECONDS = 5
PORT = 601  # RFC 3195's, which RFC 6587 names
AUDIT_NOTICE = 13 * 8 + 5  # RFC 5424: facility "log audit", severity "notice"


def send(target: str, kind: str, contents: Sequence[bytes]) -> None:
    """Sends each as a message of this kind, in order, to host:port or to a path. Raises OSError.

    Of a batch that fails any part may have arrived. TCP has no word for "written": what a receiver had read when it
    died is told to nobody.
    """
    head = f"<{AUDIT_NOTICE}>1 - {socket.gethostname()} reimage-portal - {kind} - ".encode()
    messages = [head + content.rstrip(b"\n") for content in contents]
    if target.startswith("/"):
        _send_locally(target, messages)
        return
    parts = urlsplit(f"//{target}")
    with socket.create_connection((parts.hostname, parts.port or PORT), timeout=TIMEOUT_SECONDS) as remote:
        # All at once, so that the timeout is for all.
        remote.sendall(b"".join(b"%d %s" % (len(message), message) for message in messages))


def _send_locally(path: str, messages: Sequence[bytes]) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as local:
        local.settimeout(TIMEOUT_SECONDS)
        local.connect(path)
        end = time.monotonic() + TIMEOUT_SECONDS  # for all of them, however slowly each is taken
        for message in messages:
            local.settimeout(max(0.001, end - time.monotonic()))
            local.send(message)
