"""A process dies while it ends a machine whose password was not given, once and twice: whole, or in the next round."""

from contextlib import suppress
from itertools import product
from typing import Any

import pytest

from portal.identity.models import User
from reimage.services.awaited_passwords import expire_awaited_passwords
from tests.crashes.failpoints import Failpoints, WorkerDied, at_label, at_number
from tests.crashes.whole_state import undone, whole_state
from tests.passwords import AT_RELEASE
from tests.sandbox_process import SandboxProcess
from tests.stories import approved


def test_each_machine_ends_whole_and_once(azure: SandboxProcess, alice: User, bob: User, settings: Any) -> None:
    settings.PASSWORD_MODE = "at_release"
    until = approved(alice, bob, "web-02", "web-03", parameters=AT_RELEASE).operations.latest("next_at").next_at
    assert until is not None
    points = Failpoints()
    with undone(), points.watching():
        assert expire_awaited_passwords(now=until) == 2
        afterwards = whole_state()
    assert sum("after commit" in point for point in points.reached) == 2
    for (number, point), times in product(enumerate(points.reached), (1, 2)):
        with undone():
            with pytest.raises(WorkerDied), Failpoints(at_number(number)).watching():
                expire_awaited_passwords(now=until)
            if times > 1:  # at the next machine of the same point, if one is left
                with suppress(WorkerDied), Failpoints(at_label(point)).watching():
                    expire_awaited_passwords(now=until)
            found = whole_state()
            ended = [state for _name, state, *_times in found["operations"] if state == "expired"]
            told = [action for action, _sequence in found["log"] if action == "reimage_operation.expired"]
            assert len(ended) == len(told)
            expire_awaited_passwords(now=until)
            assert whole_state() == afterwards
