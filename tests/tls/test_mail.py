"""A mail leaves by verified TLS, or stays: what it says of requests is not for whoever stands between."""

import os
import smtplib
import socket
import ssl
import subprocess
import sys
import threading
from contextlib import suppress

import pytest
from django.core import mail
from django.core.mail.backends.smtp import EmailBackend

from tests.served_environment import served_environment
from tests.tls.conftest import Certificates

OK = "250 ok"
ANSWERS = {"EHLO": "250 hello", "MAIL": OK, "RCPT": OK, "DATA": "354 go on", ".": OK, "QUIT": "221 bye"}


class MailServer(threading.Thread):
    """Takes one client on a port of its own, and offers STARTTLS if it has a certificate."""

    def __init__(self, certificates: Certificates | None) -> None:
        super().__init__(daemon=True)
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER) if certificates else None
        if self._context and certificates:
            self._context.load_cert_chain(certificates.certificate, certificates.key)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._listener.settimeout(10)
        self.port = self._listener.getsockname()[1]
        self.heard_in_the_clear: list[str] = []
        self.heard_by_tls: list[str] = []

    def run(self) -> None:
        with self._listener, suppress(OSError):  # the client breaks off where it should
            plain, _address = self._listener.accept()
            with plain:
                plain.settimeout(10)
                plain.sendall(b"220 ready\r\n")
                if self._converse(plain, self.heard_in_the_clear) and self._context:
                    with self._context.wrap_socket(plain, server_side=True) as secured:
                        self._converse(secured, self.heard_by_tls)

    def _converse(self, connection: socket.socket, heard: list[str]) -> bool:
        """Whether the client wants to go on by TLS."""
        for line in connection.makefile("rb"):
            heard.append(line.decode().strip())
            if heard[-1] == "STARTTLS":
                connection.sendall(b"220 go on\r\n")
                return True
            answer = ANSWERS.get(heard[-1][:4].upper())
            if answer == ANSWERS["EHLO"] and self._context and heard is self.heard_in_the_clear:
                answer = "250-hello\r\n250 STARTTLS"
            if answer:
                connection.sendall(f"{answer}\r\n".encode())
        return False


def send(server: MailServer, host: str) -> None:
    """As the portal does: Django's SMTP, with STARTTLS on."""
    server.start()
    connection = EmailBackend(host=host, port=server.port, use_tls=True, timeout=10)
    message = mail.EmailMessage("Approved", "web-01", to=["alice@example.com"], connection=connection)
    try:
        message.send()
    finally:
        connection.close()
        server.join(15)


@pytest.mark.asvs("V12.3.2")
def test_it_leaves_by_tls(certificates: Certificates, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", certificates.trusted)
    server = MailServer(certificates)
    send(server, "localhost")
    assert "web-01" in server.heard_by_tls
    assert [line[:4] for line in server.heard_in_the_clear] == ["ehlo", "STAR"]


@pytest.mark.asvs("V12.3.2")
@pytest.mark.parametrize(("host", "authority"), [("localhost", "unknown"), ("127.0.0.1", "trusted")])
def test_it_stays_where_the_server_is_another(
    certificates: Certificates, monkeypatch: pytest.MonkeyPatch, host: str, authority: str
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", getattr(certificates, authority))
    server = MailServer(certificates)
    with pytest.raises(ssl.SSLCertVerificationError):
        send(server, host)
    assert server.heard_by_tls == []


@pytest.mark.asvs("V12.3.1")
def test_it_stays_where_the_server_knows_no_tls() -> None:
    server = MailServer(None)
    with pytest.raises(smtplib.SMTPNotSupportedError):
        send(server, "localhost")
    assert "web-01" not in server.heard_in_the_clear


@pytest.mark.asvs("V12.3.1")
@pytest.mark.parametrize(("port", "from_the_start"), [("587", False), ("25", False), ("465", True)])
def test_the_settings_ask_for_it_at_any_port(port: str, from_the_start: bool) -> None:
    show = "from portal import settings as s; print(s.EMAIL_USE_TLS, s.EMAIL_USE_SSL)"
    environment = served_environment(dict(os.environ)) | {"EMAIL_HOST": "mail.example.com", "EMAIL_PORT": port}
    ran = subprocess.run([sys.executable, "-c", show], env=environment, capture_output=True, text=True, check=True)
    assert ran.stdout.split() == [str(not from_the_start), str(from_the_start)]
