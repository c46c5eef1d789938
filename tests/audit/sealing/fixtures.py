"""A log with a key of its own and an anchor file of its own."""

from pathlib import Path

import pytest
from pytest_django import Settings

from tests.audit.sealing.logs import SealedLog


@pytest.fixture
def log(db: None, settings: Settings, tmp_path: Path) -> SealedLog:
    """An empty log, ready to be sealed."""
    return SealedLog.in_folder(tmp_path, settings)
