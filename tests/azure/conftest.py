"""The Azure room pointed at a tiny server that answers as it is told."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from azure.core.credentials import AccessToken, AccessTokenInfo

from reimage.azure import clients, transport
from tests.azure.server import Server, https_server
from tests.azure_fixtures import forget_clients

FOR_EVER = 4_102_444_800  # the year 2100


class Token:
    """A token that needs no server; what fetches real ones is tested against the sandbox."""

    def get_token(self, *_scopes: str, **_options: Any) -> AccessToken:
        return AccessToken("token-of-the-portal", FOR_EVER)

    def get_token_info(self, *_scopes: str, **_options: Any) -> AccessTokenInfo:
        return AccessTokenInfo("token-of-the-portal", FOR_EVER)


@pytest.fixture
def server(tmp_path: Path, settings: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    forget_clients()
    monkeypatch.setattr(clients, "credential", Token)
    monkeypatch.setitem(transport.LIMITS, "read_timeout", 0.5)
    monkeypatch.setitem(clients.RETRIES, "timeout", 0.2)
    with https_server(tmp_path) as running:
        settings.AZURE_RESOURCE_MANAGER = running.url
        settings.AZURE_CA_BUNDLE = running.ca_file
        yield running
    monkeypatch.undo()
    forget_clients()
