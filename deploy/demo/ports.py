"""The demo's three ports: chosen by environment variables, and free before anything starts."""

import errno
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

from deploy.demo.problem import DemoProblem

DEFAULTS = {"DEMO_PORT": 8000, "DEMO_SANDBOX_HTTP_PORT": 7080, "DEMO_SANDBOX_HTTPS_PORT": 7443}
LOOPBACK = ((socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1"))


@dataclass(frozen=True)
class Ports:
    """Where the portal listens, and where the sandbox does for browsers (http) and for machines (https)."""

    web: int
    sandbox_http: int
    sandbox_https: int

    @classmethod
    def chosen(cls, environment: Mapping[str, str]) -> Self:
        """The ports that the environment names. Raises DemoProblem for a senseless or doubled one."""
        numbers = {name: _number(name, environment.get(name, "")) for name in DEFAULTS}
        if len(set(numbers.values())) < len(numbers):
            given = ", ".join(f"{name}={number}" for name, number in numbers.items())
            raise DemoProblem(f"Each port may be used once, but these were chosen: {given}.")
        return cls(*numbers.values())

    def refuse_taken(self) -> None:
        """Raises DemoProblem for the first port that another program holds."""
        for name, port in zip(DEFAULTS, (self.web, self.sandbox_http, self.sandbox_https), strict=True):
            if is_taken(port):
                raise DemoProblem(
                    f"Port {port} is taken by another program. "
                    f"End that program, or choose another port: make demo {name}={port + 100}"
                )


def is_taken(port: int) -> bool:
    """Whether a program listens on this port of localhost, over IPv4 or IPv6."""
    return any(_cannot_bind(family, host, port) for family, host in LOOPBACK)


def _cannot_bind(family: socket.AddressFamily, host: str, port: int) -> bool:
    try:
        with socket.socket(family) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((host, port))
    except OSError as err:
        return err.errno == errno.EADDRINUSE  # any other error: this machine has no IPv6
    return False


def _number(name: str, text: str) -> int:
    if not text:
        return DEFAULTS[name]
    if not text.isdecimal() or not 1024 <= int(text) <= 65535:
        raise DemoProblem(f"{name} is {text!r}: choose a number from 1024 to 65535.")
    return int(text)
