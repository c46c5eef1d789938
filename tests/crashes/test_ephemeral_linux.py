"""A worker dies at every commit and every send of a Linux machine with an ephemeral OS disk, once and twice."""

from portal.identity.models import User
from tests.crashes.campaign import Campaign
from tests.sandbox_process import SandboxProcess
from tests.stories import approved


def test_a_worker_that_dies_anywhere_keeps_every_promise(azure: SandboxProcess, alice: User, bob: User) -> None:
    operation = approved(alice, bob, "web-01").operations.get()
    assert Campaign(operation, azure).dies_everywhere() == {}
