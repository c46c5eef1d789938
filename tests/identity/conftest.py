"""A site of this room alone, a tenant to sign in at, and a visitor."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from pytest_django import Settings

from portal.identity import entra as entra_module
from portal.identity import http, own_token, tenant
from tests.cast import TEAM_WEB, VM_APPROVERS
from tests.identity.entra_server import EntraServer
from tests.identity.journey import Visitor


@pytest.fixture(autouse=True)
def site(settings: Settings, tmp_path: Path) -> None:
    settings.STATIC_ROOT = tmp_path
    settings.ROOT_URLCONF = "tests.identity.urls"
    settings.IDENTITY_GROUPS_OF_INTEREST = "tests.identity.conftest.groups_of_interest"
    template_settings: dict[str, Any] = settings.TEMPLATES[0]
    processors = [name for name in template_settings["OPTIONS"]["context_processors"] if name.startswith("django.")]
    settings.TEMPLATES = [
        {
            **template_settings,
            "DIRS": [Path(__file__).parent / "templates", *template_settings["DIRS"]],
            "OPTIONS": {"context_processors": processors},
        }
    ]


def groups_of_interest() -> list[str]:
    return [TEAM_WEB, VM_APPROVERS]


@pytest.fixture(scope="session")
def running_entra() -> Iterator[EntraServer]:
    server = EntraServer()
    server.run()
    yield server
    server.stop()


@pytest.fixture
def entra(running_entra: EntraServer, settings: Settings, tmp_path: Path) -> EntraServer:
    running_entra.forget()
    ca_bundle = tmp_path / "ca.pem"
    running_entra.authority_certificate.cert_pem.write_to_path(str(ca_bundle))
    settings.ENTRA_AUTHORITY = running_entra.authority
    settings.GRAPH_URL = running_entra.url
    settings.AZURE_CA_BUNDLE = str(ca_bundle)
    forget_entra()
    return running_entra


def forget_entra() -> None:
    """What a new process would not know yet."""
    entra_module._client.cache_clear()
    own_token.forget_own_token()
    tenant._tenant.cache_clear()
    http._session.cache_clear()


@pytest.fixture
def visitor(db: None) -> Visitor:
    return Visitor(Client())
