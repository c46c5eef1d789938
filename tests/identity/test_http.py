"""The HTTP session to Entra ID: whom it trusts, and what it does not take along."""

from pathlib import Path

import pytest
import requests
import trustme
from pytest_django import Settings

from portal.identity.http import CONNECT_SECONDS, READ_SECONDS, EntraAdapter, entra_session
from tests.identity.entra_server import EntraServer


@pytest.fixture
def other_bundle(tmp_path: Path) -> Path:
    path = tmp_path / "other.pem"
    trustme.CA().cert_pem.write_to_path(str(path))
    return path


@pytest.mark.asvs("V12.3.4")
def test_the_environment_cannot_override_whom_it_trusts(
    entra: EntraServer, other_bundle: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(other_bundle))
    assert entra_session().get(f"{entra.url}/keys").status_code == 200


@pytest.mark.asvs("V12.3.2", "V12.3.4")
def test_it_trusts_nobody_else(entra: EntraServer, other_bundle: Path, settings: Settings) -> None:
    settings.AZURE_CA_BUNDLE = str(other_bundle)
    with pytest.raises(requests.exceptions.SSLError):
        entra_session().get(f"{entra.url}/keys")


def test_without_a_bundle_it_trusts_what_the_system_trusts(
    entra: EntraServer, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", settings.AZURE_CA_BUNDLE)
    settings.AZURE_CA_BUNDLE = ""
    assert entra_session().get(f"{entra.url}/keys").status_code == 200


def test_a_netrc_does_not_replace_the_bearer_token(
    entra: EntraServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine localhost login eve password guess")
    monkeypatch.setenv("NETRC", str(netrc))
    entra_session().get(f"{entra.url}/keys", headers={"Authorization": "Bearer for-graph"})
    assert entra.requests[0].headers["Authorization"] == "Bearer for-graph"


def test_it_keeps_no_cookies(entra: EntraServer) -> None:
    entra_session().get(f"{entra.url}/openid-configuration")
    entra_session().get(f"{entra.url}/openid-configuration")
    assert "Cookie" not in entra.requests[1].headers


@pytest.mark.asvs("V13.2.5", "V15.3.2")
def test_it_follows_no_redirect(entra: EntraServer) -> None:
    entra.answers["/keys"] = (302, "", {"Location": f"{entra.url}/elsewhere"})
    with pytest.raises(requests.TooManyRedirects):
        entra_session().get(f"{entra.url}/keys")
    assert [request.path for request in entra.requests] == ["/keys"]


@pytest.mark.asvs("V15.2.2")
def test_it_waits_for_a_bounded_time(monkeypatch: pytest.MonkeyPatch) -> None:
    timeouts = []

    def send(_adapter: object, _request: object, *, timeout: object, **_options: object) -> None:
        timeouts.append(timeout)

    monkeypatch.setattr(requests.adapters.HTTPAdapter, "send", send)
    request = requests.Request("GET", "https://localhost/").prepare()
    EntraAdapter("").send(request)
    EntraAdapter("").send(request, timeout=1)
    assert timeouts == [(CONNECT_SECONDS, READ_SECONDS), 1]
