"""A request that ran to its end, whose every event is sealed, and its auditor."""

from datetime import UTC, datetime

import pytest
from django.test import Client

from portal.identity.models import User
from reimage.models import ReimageRequest
from tests import stories
from tests.audit.sealing.logs import SealedLog
from tests.cast import client_of
from tests.evidence.packs import signed_in
from tests.sandbox_process import SandboxProcess

PROOF = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)


@pytest.fixture
def auditor(carol: User) -> Client:
    """Carol's browser."""
    return client_of(carol)


@pytest.fixture
def asked(azure: SandboxProcess, log: SealedLog, alice: User) -> ReimageRequest:
    """Alice asked for web-02 and web-03, old disks deleted, in a session that she signed in to; it is sealed."""
    with signed_in(alice):
        made = stories.request_reimage(alice, "web-02", "web-03", change=stories.DeleteOptionChange.DELETE)
    log.seal()
    log.anchor()
    return made


@pytest.fixture
def ended(asked: ReimageRequest, azure: SandboxProcess, log: SealedLog, bob: User) -> ReimageRequest:
    """Bob approved it in a session of his own, and both machines were reimaged; it is sealed."""
    with signed_in(bob, PROOF):
        stories.approve(bob, asked)
    stories.run(asked, azure)
    log.seal()
    log.anchor()
    return asked
