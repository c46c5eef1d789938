"""Fixtures of tests whose processes really commit."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from pytest_django import Settings

from tests.crashes.own_database import own_database
from tests.sandbox_process import SandboxProcess


@pytest.fixture
def database_url(transactional_db: None, tmp_path: Path) -> Iterator[str]:
    """An empty database with the whole schema, for this test's processes."""
    with own_database(tmp_path, "own") as url:
        yield url


@pytest.fixture
def process_environment(
    database_url: str, sandbox: SandboxProcess, sealing_key: X25519PrivateKey, settings: Settings
) -> dict[str, str]:
    """What a process of the portal starts with: that database, the local Azure, a sealing key."""
    names = (
        "AZURE_RESOURCE_MANAGER",
        "ENTRA_AUTHORITY",
        "GRAPH_URL",
        "AZURE_CA_BUNDLE",
        "SEALING_PUBLIC_KEY",
        "SEALING_PRIVATE_KEY_FILE",
    )
    of_azure = {name: str(getattr(settings, name)) for name in names}
    of_sandbox = {"SANDBOX_HTTP_URL": sandbox.http_url, "SANDBOX_HTTPS_URL": sandbox.https_url}
    database = {"DJANGO_SETTINGS_MODULE": "tests.settings", "DATABASE_URL": database_url}
    return dict(os.environ) | of_azure | of_sandbox | database
