"""The configuration contract: what is missing or senseless stops the start, with its name and its remedy."""

from pathlib import Path

import pytest

from portal.environment import CONTRACT, ConfigurationProblem, Environment, read_environment
from tests.identities import key_and_certificate
from tests.served_environment import SERVED

LOCAL = {
    name: value
    for name, value in SERVED.items()
    if name not in {"ALLOWED_HOSTS", "DATABASE_URL", "CELERY_BROKER_URL", "MAIL_FROM"}
} | {"PUBLIC_URL": "http://localhost:8000"}


def read(base_dir: Path, source: dict[str, str], **changes: str) -> Environment:
    return read_environment(source | changes, base_dir=base_dir)


def problems(base_dir: Path, source: dict[str, str], **changes: str) -> list[str]:
    with pytest.raises(ConfigurationProblem) as caught:
        read(base_dir, source, **changes)
    return str(caught.value).splitlines()[1:]


def test_it_accepts_a_complete_served_environment(tmp_path):
    environment = read(tmp_path, SERVED)
    assert not environment.local
    assert environment["PUBLIC_URL"] == "https://reimage.example.com"


@pytest.mark.asvs("V13.2.3")
def test_it_names_every_missing_variable_at_once_with_its_meaning(tmp_path):
    lines = problems(tmp_path, {})
    required = [setting for setting in CONTRACT if setting.required and setting.default is None]
    assert lines == [f"  - {setting.name} is not set: {setting.meaning}." for setting in required]


def test_it_counts_a_blank_value_as_missing(tmp_path):
    assert problems(tmp_path, SERVED, MAIL_FROM="  ") == ["  - MAIL_FROM is not set: sender of the portal's mails."]


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "[::1]"])
def test_an_installation_on_loopback_may_use_http_and_the_embedded_defaults(tmp_path, host):
    environment = read(tmp_path, LOCAL, PUBLIC_URL=f"http://{host}:8000")
    assert environment.local
    assert environment["DATABASE_URL"] == f"sqlite:///{tmp_path}/var/portal.sqlite3"
    assert environment["CELERY_BROKER_URL"] == "filesystem://localhost"
    assert environment.items_of("ALLOWED_HOSTS") == ["localhost", "127.0.0.1"]


@pytest.mark.parametrize("name", ["ALLOWED_HOSTS", "DATABASE_URL", "CELERY_BROKER_URL", "MAIL_FROM"])
@pytest.mark.asvs("V13.2.3")
def test_a_served_installation_has_no_embedded_defaults(tmp_path, name):
    assert [line.split()[1] for line in problems(tmp_path, SERVED, **{name: ""})] == [name]


@pytest.mark.parametrize(
    "url",
    ["http://reimage.example.com", "https://reimage.example.com/portal", "https://", "reimage.example.com"],
)
@pytest.mark.asvs("V3.5.4", "V12.2.1")
def test_a_served_installation_is_reached_over_https_and_without_a_path(tmp_path, url):
    assert any("PUBLIC_URL must be https:// and a host" in line for line in problems(tmp_path, SERVED, PUBLIC_URL=url))


@pytest.mark.parametrize("source", [SERVED, LOCAL])
@pytest.mark.parametrize("name", ["ENTRA_AUTHORITY", "GRAPH_URL", "AZURE_RESOURCE_MANAGER"])
@pytest.mark.asvs("V12.2.1", "V12.3.3")
def test_entra_and_azure_are_asked_over_https_alone(tmp_path, source, name):
    (line,) = problems(tmp_path, source, **{name: "http://login.example.com/a-tenant"})
    assert f"{name} must begin with https://" in line


@pytest.mark.parametrize("tenant", ["", "common", "Organizations", "consumers", "a-tenant/v2.0"])
def test_the_authority_names_exactly_one_tenant(tmp_path, tenant):
    (line,) = problems(tmp_path, SERVED, ENTRA_AUTHORITY=f"https://login.microsoftonline.com/{tenant}")
    assert "ENTRA_AUTHORITY must end in one tenant id" in line


def test_an_unknown_credential_is_refused_with_the_known_ones(tmp_path):
    (line,) = problems(tmp_path, SERVED, AZURE_CREDENTIAL="password")
    assert "'password': choose one of managed-identity, workload-identity, client-secret, client-certificate" in line


@pytest.mark.parametrize(
    ("credential", "name"),
    [
        ("client-secret", "AZURE_CLIENT_SECRET"),
        ("client-certificate", "AZURE_CLIENT_CERTIFICATE_FILE"),
        ("workload-identity", "AZURE_FEDERATED_TOKEN_FILE"),
    ],
)
def test_a_credential_asks_for_what_belongs_to_it(tmp_path, credential, name):
    lines = problems(tmp_path, SERVED, AZURE_CREDENTIAL=credential)
    assert [line.split()[1] for line in lines] == ["AZURE_CLIENT_ID", name]


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("LOG_LEVEL", "LOUD", "LOG_LEVEL is 'LOUD': choose DEBUG, INFO, WARNING or ERROR."),
        ("EMAIL_PORT", "smtp", "EMAIL_PORT must be a whole number above 0, it is 'smtp'."),
        ("OPERATION_LEASE_SECONDS", "29", "OPERATION_LEASE_SECONDS must be 30 at least, it is '29'."),
        ("OPERATION_POLL_SECONDS", "61", "OPERATION_POLL_SECONDS must be 60 at most, it is '61'."),
        ("OPERATION_POLL_SECONDS", "0", "OPERATION_POLL_SECONDS must be a whole number above 0, it is '0'."),
        ("READY_SILENCE_SECONDS", "0", "READY_SILENCE_SECONDS must be a whole number above 0, it is '0'."),
        ("METRICS_TOKEN", "short", "METRICS_TOKEN is too short: use at least 20 random characters."),
        ("SECRET_KEY", "short", "SECRET_KEY is too short: use at least 50 random characters."),
    ],
)
def test_a_senseless_value_is_refused(tmp_path, name, value, sentence):
    assert problems(tmp_path, SERVED, **{name: value}) == [f"  - {sentence}"]


@pytest.mark.parametrize("source", ["remote_addr", "X-Forwarded-For", "HTTP_", "HTTP_X-Forwarded-For", "SERVER_NAME"])
def test_no_other_source_of_the_clients_address_is_taken(tmp_path, source):
    (line,) = problems(tmp_path, SERVED, AUDIT_ADDRESS_SOURCE=source)
    assert f"AUDIT_ADDRESS_SOURCE is {source!r}: choose REMOTE_ADDR, or HTTP_ and the name of a header" in line


def test_the_clients_address_is_the_connections_unless_a_header_is_named(tmp_path):
    assert read(tmp_path, SERVED)["AUDIT_ADDRESS_SOURCE"] == "REMOTE_ADDR"
    named = read(tmp_path, SERVED, AUDIT_ADDRESS_SOURCE="HTTP_X_FORWARDED_FOR")
    assert named["AUDIT_ADDRESS_SOURCE"] == "HTTP_X_FORWARDED_FOR"


@pytest.mark.parametrize("name", ["AZURE_CA_BUNDLE", "AZURE_CLIENT_CERTIFICATE_FILE"])
def test_a_file_that_is_not_there_is_named(tmp_path, name):
    missing = str(tmp_path / "missing.pem")
    assert problems(tmp_path, SERVED, **{name: missing}) == [f"  - {name} names {missing}, which is not a file."]


@pytest.fixture(scope="module")
def identity_parts():
    (key, certificate), (other_key, _) = key_and_certificate(), key_and_certificate()
    return {"key": key, "certificate": certificate, "other_key": other_key}


@pytest.mark.parametrize("parts", [("key",), ("certificate",), ("other_key", "certificate"), ()])
def test_an_identity_that_is_none_is_named(tmp_path, identity_parts, parts):
    file = tmp_path / "identity.pem"
    file.write_bytes(b"".join(identity_parts[part] for part in parts))
    (line,) = problems(tmp_path, SERVED, AZURE_CLIENT_CERTIFICATE_FILE=str(file))
    assert line.endswith(f"{file}, which holds no certificate with its private key in PEM.")


def test_an_identity_is_a_key_and_its_certificate_in_any_order(tmp_path, identity_parts):
    file = tmp_path / "identity.pem"
    for order in (("key", "certificate"), ("certificate", "key")):
        file.write_bytes(b"".join(identity_parts[part] for part in order))
        assert read(tmp_path, SERVED, AZURE_CLIENT_CERTIFICATE_FILE=str(file))


def test_a_quarantine_shorter_than_the_activity_log_is_late_is_for_sandboxes(tmp_path):
    (line,) = problems(tmp_path, SERVED, OPERATION_QUARANTINE_SECONDS="899")
    assert line == "  - OPERATION_QUARANTINE_SECONDS must be 900 at least, it is '899'."
    assert read(tmp_path, SERVED, OPERATION_QUARANTINE_SECONDS="900")["OPERATION_QUARANTINE_SECONDS"] == "900"


PIN_AND_MODULE = "?module-path=/nowhere/module.so&pin-source=/etc/pin"


@pytest.mark.parametrize("name", ["SEALING_PRIVATE_KEY_FILE", "AUDIT_SIGNING_KEY_FILE"])
def test_a_key_in_a_security_module_is_named_wholly(tmp_path, name):
    (line,) = problems(tmp_path, SERVED, **{name: "pkcs11:token=portal?module-path=/m.so&pin-source=/etc/pin"})
    assert line.startswith(f"  - {name} cannot be used. It must name a token and a key: write pkcs11:token=")


@pytest.mark.parametrize("name", ["SEALING_PRIVATE_KEY_FILE", "AUDIT_SIGNING_KEY_FILE"])
def test_a_private_key_that_is_lost_keeps_no_command_from_running(tmp_path, name):
    """With the worker's environment somebody looks what is wrong, pauses execution, or replaces that very key."""
    for place in (str(tmp_path / "missing.pem"), f"pkcs11:token=portal;object=key{PIN_AND_MODULE}"):
        assert read(tmp_path, SERVED, **{name: place})[name] == place


@pytest.mark.parametrize("name", [setting.name for setting in CONTRACT if setting.secret and setting.name in SERVED])
@pytest.mark.asvs("V13.3.1")
def test_a_secret_may_come_from_a_file(tmp_path, name):
    file = tmp_path / "secret"
    file.write_text(f"{SERVED[name]}\n", encoding="utf-8")
    assert read(tmp_path, SERVED, **{name: "", f"{name}_FILE": str(file)})[name] == SERVED[name]


def test_a_secret_file_that_cannot_be_read_is_named(tmp_path):
    lines = problems(tmp_path, SERVED, SECRET_KEY="", SECRET_KEY_FILE="/nowhere/key")
    assert lines[0] == "  - SECRET_KEY_FILE names /nowhere/key, which cannot be read (No such file or directory)."


def test_no_refusal_repeats_a_secret(tmp_path):
    secrets = {setting.name: f"canary-{setting.name}" for setting in CONTRACT if setting.secret}
    text = "\n".join(problems(tmp_path, SERVED | secrets, AZURE_CREDENTIAL="password"))
    assert "canary" not in text


def test_what_is_not_a_secret_is_not_read_from_a_file(tmp_path):
    file = tmp_path / "url"
    file.write_text("https://reimage.example.com", encoding="utf-8")
    assert problems(tmp_path, SERVED, PUBLIC_URL="", PUBLIC_URL_FILE=str(file))[0].startswith(
        "  - PUBLIC_URL is not set"
    )


def test_the_embedded_folder_can_be_elsewhere(tmp_path):
    environment = read(tmp_path, LOCAL, VAR_DIR=str(tmp_path / "elsewhere"))
    assert environment["VAR_DIR"] == str(tmp_path / "elsewhere")
    assert environment["DATABASE_URL"] == f"sqlite:///{tmp_path}/elsewhere/portal.sqlite3"


@pytest.mark.parametrize("sink", ["", "stdout", "syslog://localhost:601", "syslog://[::1]:601", "syslog:///dev/log"])
def test_it_takes_a_place_for_the_stream_of_audit_events(tmp_path, sink):
    assert read(tmp_path, SERVED, AUDIT_STREAM=sink)["AUDIT_STREAM"] == sink


@pytest.mark.parametrize(
    "sink", ["stderr", "siem.example.com", "syslog://", "syslog://a b", "syslog://host:port", "https://a"]
)
def test_it_refuses_a_stream_to_nowhere(tmp_path, sink):
    expected = f"  - AUDIT_STREAM is {sink!r}: choose stdout, syslog://host:port or syslog:///dev/log."
    assert expected in problems(tmp_path, SERVED, AUDIT_STREAM=sink)


@pytest.mark.parametrize("key", ["!!", "AAAA", "A" * 43 + "=", "Gsb1yS7dDc0Zb4o1kVf2m3p5q7s9u1w3y5A7C9E1G3I"])
def test_a_key_that_nothing_can_be_sealed_for_stops_the_start(tmp_path, key):
    (line,) = problems(tmp_path, SERVED, SEALING_PUBLIC_KEY=key)
    assert line.endswith("SEALING_PUBLIC_KEY is no X25519 key in base64: give it what deploy/sealing_key.py printed.")
