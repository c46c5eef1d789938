"""A worker dies, once and twice, on the ways back from a lost answer and to an operation's bad end."""

import pytest

from portal.identity.models import User
from tests.crashes.campaign import Campaign
from tests.crashes.lost_ends import SCRIPTS
from tests.sandbox_process import SandboxProcess


@pytest.mark.parametrize("name", SCRIPTS)
def test_a_worker_that_dies_anywhere_keeps_every_promise(
    azure: SandboxProcess, alice: User, bob: User, name: str
) -> None:
    script = SCRIPTS[name]
    assert Campaign(script.approved(alice, bob), azure, script).dies_everywhere() == {}
