"""Ports on loopback, for the servers that tests start."""

import random
import socket

# Below the range from which systems take the ports of outgoing connections: none of those comes in between.
CANDIDATES = range(20_000, 32_000)


def free_port() -> int:
    """A port that nobody listens on now."""
    while is_listening(port := random.choice(CANDIDATES)):  # noqa: S311  # no secret
        pass
    return port


def is_listening(port: int) -> bool:
    """Whether something accepts connections there."""
    with socket.socket() as probe:
        probe.settimeout(0.5)
        return probe.connect_ex(("127.0.0.1", port)) == 0
