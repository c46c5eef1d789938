"""Brokers with TLS, a real Redis and the handshake of RabbitMQ's: verified by name and authority, or not spoken to."""

import os
import shutil
import socket
import ssl
import subprocess
import sys
import threading
from collections.abc import Iterator

import pytest
from celery import Celery

from portal.connections import broker_tls
from portal.health.broker import ask
from tests.brokers.servers import Server, needed
from tests.ports import free_port
from tests.served_environment import served_environment
from tests.tls.conftest import Certificates


@pytest.fixture(scope="module")
def redis_port(certificates: Certificates, tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    needed("redis", os.environ)
    port = free_port()
    tls = ["--tls-cert-file", certificates.certificate, "--tls-key-file", certificates.key]
    tls += ["--tls-ca-cert-file", certificates.trusted, "--tls-auth-clients", "no"]
    program = str(shutil.which("redis-server"))
    command = [program, "--port", "0", "--tls-port", str(port), "--bind", "127.0.0.1", "--save", "", *tls]
    server = Server(tmp_path_factory.mktemp("redis"), command, port)
    server.start()
    yield port
    server.kill()


class Handshakes(threading.Thread):
    """Something on a port of its own that shakes hands by TLS and says no more; `completed` is what became of each.

    A client that does not believe the certificate breaks off before the server is done.
    """

    def __init__(self, certificates: Certificates) -> None:
        super().__init__(daemon=True)
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.load_cert_chain(certificates.certificate, certificates.key)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self.completed: list[bool] = []
        self.seen = threading.Event()

    def run(self) -> None:
        while True:
            try:
                plain, _address = self._listener.accept()
            except OSError:  # the test is over
                return
            plain.settimeout(5)
            with plain:
                try:
                    self._context.wrap_socket(plain, server_side=True).close()
                    self.completed.append(True)
                except OSError:
                    self.completed.append(False)
            self.seen.set()

    def close(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()


@pytest.fixture
def rabbitmq(certificates: Certificates) -> Iterator[Handshakes]:
    server = Handshakes(certificates)
    server.start()
    yield server
    server.close()


@pytest.fixture(autouse=True)
def only_the_given_address(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CELERY_BROKER_URL", raising=False)  # Celery prefers it to what it is given


def reach(url: str, authorities: str) -> bool:
    """As the portal's own Celery is set up. Raises what kombu's transport raises."""
    app = Celery("elsewhere", broker=url, set_as_current=False)
    app.conf.broker_use_ssl = broker_tls(url, authorities)
    return ask(app)


@pytest.mark.asvs("V12.3.2")
def test_the_redis_that_the_certificate_names_is_spoken_to(certificates: Certificates, redis_port: int) -> None:
    assert reach(f"rediss://localhost:{redis_port}/0", certificates.trusted)


@pytest.mark.asvs("V12.3.2")
@pytest.mark.parametrize(("host", "authority"), [("localhost", "unknown"), ("127.0.0.1", "trusted")])
def test_another_redis_is_not(certificates: Certificates, redis_port: int, host: str, authority: str) -> None:
    with pytest.raises(Exception, match="CERTIFICATE_VERIFY_FAILED"):
        reach(f"rediss://{host}:{redis_port}/0", getattr(certificates, authority))


def handshake(server: Handshakes, host: str, authorities: str) -> bool:
    """Whether it was completed; what follows fails in any case, as nobody speaks AMQP there."""
    with pytest.raises(OSError):  # noqa: PT011  # whatever the transport makes of it
        reach(f"amqps://portal:secret@{host}:{server.port}//", authorities)
    assert server.seen.wait(10)
    return server.completed[0]


@pytest.mark.asvs("V12.3.2")
def test_rabbitmq_is_verified_likewise(certificates: Certificates, rabbitmq: Handshakes) -> None:
    # kombu asks for 127.0.0.1 where the address says localhost, and verifies the name of the address all the same.
    assert handshake(rabbitmq, "localhost", certificates.trusted)


@pytest.mark.asvs("V12.3.2")
@pytest.mark.parametrize(("host", "authority"), [("localhost", "unknown"), ("127.0.0.1", "trusted")])
def test_another_rabbitmq_is_not(certificates: Certificates, rabbitmq: Handshakes, host: str, authority: str) -> None:
    assert not handshake(rabbitmq, host, getattr(certificates, authority))


@pytest.mark.asvs("V12.3.2")
def test_the_portals_own_celery_verifies() -> None:
    show = "from portal.celery import app; print(app.conf.broker_use_ssl)"
    environment = served_environment(dict(os.environ)) | {"DJANGO_SETTINGS_MODULE": "portal.settings"}
    ran = subprocess.run([sys.executable, "-c", show], env=environment, capture_output=True, text=True, check=True)
    assert "CERT_REQUIRED" in ran.stdout
    assert "'ssl_check_hostname': True" in ran.stdout
