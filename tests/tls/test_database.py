"""A real PostgreSQL with TLS: the portal speaks to the one that its certificate names, and to no other."""

import os
from collections.abc import Iterator
from urllib.parse import quote, urlsplit

import dj_database_url
import pytest
from django.db.utils import ConnectionHandler
from psycopg import OperationalError

from portal.postgresql import connection_options
from tests.tls.conftest import Certificates
from tests.with_services import missing_programs, postgresql


@pytest.fixture(scope="module")
def port(certificates: Certificates) -> Iterator[int]:
    """Where it listens, on 127.0.0.1."""
    if missing := set(missing_programs()) & {"initdb", "postgres"}:
        tell = pytest.fail if os.environ.get("CI") else pytest.skip
        tell(f"{missing} not found (on Debian: apt install postgresql)")
    folder = certificates.folder / "postgresql"
    folder.mkdir()
    tls = ("ssl=on", f"ssl_cert_file={certificates.certificate}", f"ssl_key_file={certificates.key}")
    with postgresql(folder, *tls) as url:
        yield int(urlsplit(url).port or 0)


def is_encrypted(url: str) -> bool:
    """Whether the connection that the portal's settings make is one by TLS."""
    database = dj_database_url.parse(url)
    database["OPTIONS"] = connection_options(database["OPTIONS"])
    wrapper = ConnectionHandler({"default": database})["default"]
    with wrapper.get_new_connection(wrapper.get_connection_params()) as connection:
        return bool(connection.execute("SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()").fetchone()[0])


def address(host: str, port: int, authorities: str) -> str:
    return f"postgres://portal@{host}:{port}/postgres?sslmode=verify-full&sslrootcert={quote(authorities)}"


@pytest.mark.asvs("V12.3.2")
def test_the_one_that_the_certificate_names_is_spoken_to(certificates: Certificates, port: int) -> None:
    assert is_encrypted(address("localhost", port, certificates.trusted))


@pytest.mark.asvs("V12.3.2")
def test_one_by_an_unknown_authority_is_not(certificates: Certificates, port: int) -> None:
    with pytest.raises(OperationalError, match="certificate verify failed"):
        is_encrypted(address("localhost", port, certificates.unknown))


@pytest.mark.asvs("V12.3.2")
def test_one_of_another_name_is_not(certificates: Certificates, port: int) -> None:
    with pytest.raises(OperationalError, match="does not match host name"):
        is_encrypted(address("127.0.0.1", port, certificates.trusted))
