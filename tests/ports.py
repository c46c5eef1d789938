"""Ports on loopback, for the servers that tests start."""

import random
import socket

# Below the range from which systems take the ports of outgoing connections: none of those comes in between.
CANDIDATES = range(20_000, 32_000)
_given: set[int] = set()


def free_port() -> int:
    """A port that nobody listens on now, and that was not given out before. No test's seed leads to another's port."""
    while (port := random.SystemRandom().choice(CANDIDATES)) in _given or is_listening(port):
        pass
    _given.add(port)
    return port


def is_listening(port: int) -> bool:
    """Whether something accepts connections there."""
    with socket.socket() as probe:
        probe.settimeout(0.5)
        return probe.connect_ex(("127.0.0.1", port)) == 0
