"""What the webhook for anchors is sent, and that it can neither take another password nor hold the worker up."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from pytest_django import Settings

from portal.audit.sealing import places

BOUND_SECONDS = 30


class Receiver(HTTPServer):
    """Takes one message. Its answer's body never ends before it is told to."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Taking)
        self.authorization: str | None = None
        self.may_end = threading.Event()


class Taking(BaseHTTPRequestHandler):
    server: Receiver

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.server.authorization = self.headers["Authorization"]
        self.send_response(200)
        self.send_header("Content-Length", "9")
        self.end_headers()
        self.wfile.flush()
        self.server.may_end.wait(BOUND_SECONDS)

    def log_message(self, *_: object) -> None:
        return


@pytest.fixture
def receiver(settings: Settings) -> Iterator[Receiver]:
    with Receiver() as server:
        thread = threading.Thread(target=server.handle_request, daemon=True)
        thread.start()
        settings.AUDIT_ANCHOR_WEBHOOK = f"http://127.0.0.1:{server.server_port}/"
        settings.AUDIT_ANCHOR_WEBHOOK_TOKEN = "the-token"
        yield server
        server.may_end.set()
        thread.join(BOUND_SECONDS)


def test_the_webhook_gets_its_own_token_and_no_other_password(
    receiver: Receiver, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login root password canary\n", encoding="utf-8")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    receiver.may_end.set()
    places.tell_webhook(["note\n"])
    assert receiver.authorization == "Bearer the-token"


def test_the_body_of_an_answer_is_not_waited_for(receiver: Receiver) -> None:
    """Were it read, the silence would be a timeout: the telling would fail."""
    places.tell_webhook(["note\n"])
    assert not receiver.may_end.is_set()
