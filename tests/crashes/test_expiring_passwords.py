"""A process dies while it ends a machine whose password was not given, once and twice: whole, or in the next round."""

from functools import partial
from typing import Any

from portal.identity.models import User
from reimage.services.awaited_passwords import expire_awaited_passwords
from tests.crashes.dying_duty import states_after_deaths
from tests.passwords import AT_RELEASE
from tests.sandbox_process import SandboxProcess
from tests.stories import approved


def test_each_machine_ends_whole_and_once(azure: SandboxProcess, alice: User, bob: User, settings: Any) -> None:
    settings.PASSWORD_MODE = "at_release"
    until = approved(alice, bob, "web-02", "web-03", parameters=AT_RELEASE).operations.latest("next_at").next_at
    assert until is not None
    left = set()
    for found in states_after_deaths(partial(expire_awaited_passwords, now=until), ends=2):
        ended = [state for _name, state, *_times in found["operations"] if state == "expired"]
        told = [action for action, _sequence in found["log"] if action == "reimage_operation.expired"]
        assert len(ended) == len(told)
        left.add(len(ended))
    assert left == {0, 1, 2}
