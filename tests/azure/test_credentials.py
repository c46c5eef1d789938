"""The portal's own identity at Azure, by AZURE_CREDENTIAL; always at the configured authority."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from azure.identity import (
    CertificateCredential,
    ClientSecretCredential,
    ManagedIdentityCredential,
    WorkloadIdentityCredential,
)

from reimage.azure import clients
from reimage.azure.errors import ENTRA_UNAVAILABLE, AzureUnavailable
from reimage.azure.virtual_machines import read_virtual_machine
from tests.azure.samples import WEB_02
from tests.azure_fixtures import forget_clients
from tests.identities import key_and_certificate
from tests.sandbox_process import SandboxProcess


@pytest.fixture(autouse=True)
def fresh_clients() -> Iterator[None]:
    forget_clients()
    yield
    forget_clients()


@pytest.fixture
def certificate(tmp_path: Path) -> str:
    """With its key, as one PEM file."""
    file = tmp_path / "certificate.pem"
    file.write_bytes(b"".join(key_and_certificate()))
    return str(file)


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("managed-identity", ManagedIdentityCredential),
        ("workload-identity", WorkloadIdentityCredential),
        ("client-secret", ClientSecretCredential),
        ("client-certificate", CertificateCredential),
    ],
)
@pytest.mark.asvs("V13.2.1")
def test_the_credential_is_of_the_kind_that_was_set(
    settings: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, certificate: str, name: str, kind: type
) -> None:
    settings.AZURE_FEDERATED_TOKEN_FILE = str(tmp_path / "token")
    settings.AZURE_CREDENTIAL = name
    settings.AZURE_CLIENT_CERTIFICATE_FILE = certificate
    assert type(clients.credential()) is kind


@pytest.mark.parametrize("name", ["client-secret", "client-certificate", "managed-identity"])
def test_where_no_token_can_be_fetched_the_identity_was_not_refused(
    settings: Any, monkeypatch: pytest.MonkeyPatch, certificate: str, name: str
) -> None:
    """The tests' settings name an authority at which nobody listens."""
    monkeypatch.setenv("AZURE_POD_IDENTITY_AUTHORITY_HOST", "http://localhost:1")
    settings.AZURE_CREDENTIAL = name
    settings.AZURE_CLIENT_CERTIFICATE_FILE = certificate
    with pytest.raises(AzureUnavailable) as raised:
        read_virtual_machine(WEB_02)
    assert (raised.value.message, raised.value.status) == (ENTRA_UNAVAILABLE, 0)


@pytest.mark.parametrize("status", [500, 503])
def test_nor_was_it_where_entra_id_has_trouble_of_its_own(sandbox: SandboxProcess, status: int) -> None:
    sandbox.faults("status", match={"path_contains": "/oauth2/v2.0/token"}, status=status, times=9)
    with pytest.raises(AzureUnavailable) as raised:
        read_virtual_machine(WEB_02)
    assert raised.value.message == ENTRA_UNAVAILABLE


def test_one_credential_and_its_tokens_serve_every_client(settings: Any) -> None:
    assert clients.credential() is clients.credential()


def test_the_authority_is_the_configured_one(settings: Any) -> None:
    settings.ENTRA_AUTHORITY = "https://login.example.com/11111111-1111-4111-8111-111111111111"
    options = clients._authority()
    assert options["authority"] == "https://login.example.com"
    assert options["disable_instance_discovery"] is True
