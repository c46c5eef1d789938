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
def azure_environment(sandbox: SandboxProcess, sealing_key: X25519PrivateKey, settings: Settings) -> dict[str, str]:
    """What a process of the portal starts with, but for its database: the local Azure, a sealing key."""
    names = (
        "AZURE_RESOURCE_MANAGER",
        "ENTRA_AUTHORITY",
        "GRAPH_URL",
        "AZURE_CA_BUNDLE",
        "SEALING_PUBLIC_KEY",
        "SEALING_PRIVATE_KEY_FILE",
    )
    return dict(os.environ) | {name: str(getattr(settings, name)) for name in names}


@pytest.fixture
def process_environment(
    azure_environment: dict[str, str], sandbox: SandboxProcess, database_url: str
) -> dict[str, str]:
    """The same over a database of its own, for a process of the tests."""
    of_tests = {"DJANGO_SETTINGS_MODULE": "tests.settings", "DATABASE_URL": database_url}
    return azure_environment | of_tests | {"SANDBOX_HTTP_URL": sandbox.http_url, "SANDBOX_HTTPS_URL": sandbox.https_url}
