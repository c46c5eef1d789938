"""Microsoft's OpenAPI documents, where AZURE_REST_API_SPECS says they are."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.contract.openapi import Documents
from tests.sandbox_process import SandboxProcess


@pytest.fixture(scope="session")
def documents() -> Documents:
    folder = os.environ.get("AZURE_REST_API_SPECS")
    if not folder:
        pytest.skip(
            "NOT COMPARED WITH MICROSOFT'S DOCUMENTS: set AZURE_REST_API_SPECS to a copy of azure-rest-api-specs"
        )
    return Documents(Path(folder))


@pytest.fixture(scope="session")
def contract_sandbox() -> Iterator[SandboxProcess]:
    with SandboxProcess(vms=300, page_size=100) as process:
        yield process
