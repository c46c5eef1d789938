"""The sinks, watched from the beginning of a test."""

import pytest

from tests.audit.sealing.logs import SealedLog
from tests.canary.sinks import Sinks


@pytest.fixture
def sinks(caplog: pytest.LogCaptureFixture, log: SealedLog) -> Sinks:
    """With every logger of ours and of the libraries' root at DEBUG."""
    return Sinks(caplog, log)
