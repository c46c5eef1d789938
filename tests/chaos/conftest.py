"""True evidence of a small campaign: recorded once, and given to each test as a copy of its own."""

from collections.abc import Iterator

import pytest
from django.utils import timezone
from pytest_django import Settings

from portal.audit.actors import Actor
from reimage.services.inventory import synchronize_inventory
from tests.azure_fixtures import forget_clients
from tests.chaos.evidence import Evidence
from tests.chaos.recording import Recorder
from tests.sandbox_process import SandboxProcess

NEEDED = ("quick_azure", "log", "alice", "bob", "grants", "sealing_key")
_RECORDED: list[Evidence] = []


@pytest.fixture
def quick_azure(settings: Settings) -> Iterator[SandboxProcess]:
    """An Azure whose reimages take no time worth waiting for, so that all clocks can stay as they are."""
    with SandboxProcess(vms=40, operation_seconds=0.2, activity_log_delay_seconds=0.1) as sandbox:
        settings.AZURE_RESOURCE_MANAGER = sandbox.https_url
        settings.ENTRA_AUTHORITY = f"{sandbox.https_url}/11111111-1111-4111-8111-111111111111"
        settings.AZURE_CA_BUNDLE = sandbox.ca_file
        settings.BREAKER_REIMAGES = 0
        forget_clients()
        yield sandbox
        forget_clients()


@pytest.fixture
def evidence(db: None, request: pytest.FixtureRequest) -> Evidence:
    """Of an unharmed portal: what every mutant is made of."""
    if not _RECORDED:
        sandbox, log, alice, bob, *_ = map(request.getfixturevalue, NEEDED)
        synchronize_inventory(actor=Actor.system("test"), now=timezone.now())
        _RECORDED.append(Recorder(sandbox, log, alice, bob).record())
    return _RECORDED[0].copy()
