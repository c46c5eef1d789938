"""Which addresses of database and broker a served portal starts with: verified TLS, or none that leaves the machine."""

import ssl
from pathlib import Path

import pytest

from portal.connections import broker_tls
from portal.environment import ConfigurationProblem, read_environment
from tests.served_environment import SERVED

VERIFIED = "sslmode=verify-full&sslrootcert=system"
DATABASES = {
    f"postgres://portal:canary@db.example.com/portal?{VERIFIED}": True,
    f"postgres://portal:canary@127.0.0.1/portal?hostaddr=10.0.0.7&{VERIFIED}": True,
    "postgres://portal:canary@localhost/portal": True,
    "postgres://portal:canary@127.0.0.1:6432/portal": True,
    "postgres://portal:canary@[::1]/portal": True,
    "postgres:///portal?host=/var/run/postgresql": True,
    "postgres://%2Fvar%2Frun%2Fpostgresql/portal": True,
    "sqlite:////srv/portal.sqlite3": True,
    "postgres://portal:canary@db.example.com/portal": False,
    "postgres://portal:canary@db.example.com/portal?sslmode=require": False,
    "postgres://portal:canary@db.example.com/portal?sslmode=verify-ca": False,
    f"postgres://portal:canary@db.example.com/portal?sslmode=disable&{VERIFIED}": False,  # who knows which counts
    "postgres:///portal?host=db.example.com": False,
    "postgres://portal:canary@localhost/portal?hostaddr=10.0.0.7": False,
    "postgres:///portal?service=elsewhere": False,
    "postgres://portal:canary@localhost.example.com/portal": False,
}
BROKERS = {
    "rediss://:canary@broker.example.com/0": True,
    "amqps://portal:canary@broker.example.com//": True,
    "redis://localhost:6379/0": True,
    "amqp://portal:canary@127.0.0.1//": True,
    "redis+socket:///run/redis.sock": True,
    "redis://:canary@broker.example.com/0": False,
    "amqp://portal:canary@broker.example.com//": False,
    "pyamqp://portal:canary@broker.example.com//": False,
    "rediss://:canary@broker.example.com/0?ssl_cert_reqs=none": False,
    "rediss://:canary@broker.example.com/0?ssl_check_hostname=false": False,
    "rediss://:canary@broker.example.com/0;redis://:canary@other.example.com/0": False,
    "sentinel://broker.example.com": False,
    "sqs://": False,
}


def refusals(base_dir: Path, **changes: str) -> list[str]:
    try:
        read_environment(SERVED | changes, base_dir=base_dir)
    except ConfigurationProblem as problem:
        return str(problem).splitlines()[1:]
    return []


@pytest.mark.asvs("V12.3.1", "V12.3.3")
@pytest.mark.parametrize(("url", "is_taken"), DATABASES.items())
def test_a_database_over_a_network_is_verified(tmp_path: Path, url: str, is_taken: bool) -> None:
    found = refusals(tmp_path, DATABASE_URL=url)
    assert bool(found) is not is_taken
    assert [line.split()[1] for line in found] == ["DATABASE_URL"] * len(found)
    assert all("sslmode=verify-full" in line and "canary" not in line for line in found)


@pytest.mark.asvs("V12.3.1", "V12.3.3")
@pytest.mark.parametrize(("url", "is_taken"), BROKERS.items())
def test_a_broker_over_a_network_is_verified(tmp_path: Path, url: str, is_taken: bool) -> None:
    found = refusals(tmp_path, CELERY_BROKER_URL=url)
    assert bool(found) is not is_taken
    assert [line.split()[1] for line in found] == ["CELERY_BROKER_URL"] * len(found)
    assert all("rediss://" in line and "canary" not in line for line in found)


@pytest.mark.asvs("V12.3.1", "V12.3.3")
@pytest.mark.parametrize(("name", "prefix"), [("AUDIT_STREAM", "syslog://"), ("AUDIT_ANCHOR_SYSLOG", "")])
@pytest.mark.parametrize(
    ("target", "is_taken"),
    [
        ("/dev/log", True),
        ("127.0.0.1:601", True),
        ("[::1]", True),
        ("siem.example.com:601", False),
        ("10.0.0.7", False),
        ("[::1", False),
    ],
)
def test_the_audit_log_leaves_the_machine_by_no_plain_syslog(
    tmp_path: Path, name: str, prefix: str, target: str, is_taken: bool
) -> None:
    found = [line for line in refusals(tmp_path, **{name: f"{prefix}{target}"}) if "syslog is plain" in line]
    assert [line.split()[1] for line in found] == [name] * (not is_taken)


def test_on_ones_own_machine_anything_goes(tmp_path: Path) -> None:
    addresses = {"DATABASE_URL": "postgres://db.example.com/x", "CELERY_BROKER_URL": "redis://broker.example.com/0"}
    assert refusals(tmp_path, PUBLIC_URL="http://localhost:8000", **addresses) == []


def test_a_bundle_that_is_not_there_is_named(tmp_path: Path) -> None:
    (line,) = refusals(tmp_path, CELERY_BROKER_CA_BUNDLE="/nowhere/ca.pem")
    assert "CELERY_BROKER_CA_BUNDLE names /nowhere/ca.pem, which is not a file." in line


@pytest.mark.parametrize("url", ["redis://localhost/0", "amqp://localhost//", "filesystem://localhost"])
def test_without_tls_there_is_nothing_to_verify(url: str) -> None:
    assert broker_tls(url, "ca.pem") is False


def test_with_tls_certificate_and_host_name_are_verified() -> None:
    required = ssl.CERT_REQUIRED
    assert broker_tls("rediss://host/0", "") == {"ssl_cert_reqs": required, "ssl_check_hostname": True}
    assert broker_tls("amqps://user@host//", "") == {"cert_reqs": required, "server_hostname": "host"}
