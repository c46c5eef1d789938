"""The web server as it is started in service."""

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from tests.installation import wait_for
from tests.ports import free_port, is_listening

ROOT = Path(__file__).resolve().parent.parent.parent
PATIENCE_SECONDS = 60


@contextmanager
def served(log: Path) -> Iterator[int]:
    """Gunicorn over the tests' settings until the end of the context; its port."""
    port = free_port()
    environment = os.environ | {"DJANGO_SETTINGS_MODULE": "tests.settings", "LOG_LEVEL": "INFO", "LOG_FORMAT": "json"}
    command = [sys.executable, "-m", "gunicorn", "--config", "deploy/gunicorn.conf.py", "--bind", f"127.0.0.1:{port}"]
    with log.open("wb") as output:
        process = subprocess.Popen([*command, "portal.wsgi"], cwd=ROOT, env=environment, stdout=output, stderr=output)
        try:
            wait_for(lambda: is_listening(port) or process.poll() is not None, of="gunicorn")
            yield port
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(PATIENCE_SECONDS)


def say(port: int, request: bytes) -> bytes:
    """The first line of the answer."""
    with closing(socket.create_connection(("127.0.0.1", port), timeout=PATIENCE_SECONDS)) as connection:
        connection.sendall(request)
        return connection.recv(4096).partition(b"\r\n")[0]


@pytest.mark.asvs("V16.2.2", "V16.2.4")
def test_its_own_lines_are_of_the_portals_form_and_clock(tmp_path: Path) -> None:
    with served(tmp_path / "log") as port:
        assert say(port, b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n") == b"HTTP/1.1 200 OK"
        assert say(port, b"\x1b[31mGET / HTTP/9\r\n\r\n").startswith(b"HTTP/1.1 400")
    lines = [json.loads(line) for line in (tmp_path / "log").read_text().splitlines()]
    assert {line["logger"] for line in lines} == {"gunicorn.error"}
    assert any("Invalid" in line["event"] for line in lines)
    assert all(line["timestamp"].endswith("Z") for line in lines)
