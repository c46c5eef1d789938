"""A process dies while it destroys what outlived its approval, once and twice: whole, or in the next round."""

from contextlib import suppress
from datetime import timedelta
from itertools import product

import pytest

from portal.identity.models import User
from reimage.domain.parameters import ReimageParameters
from reimage.models import SealedSecret
from reimage.services.overdue_secrets import LONG_OVER, destroy_overdue_secrets
from tests.crashes.failpoints import Failpoints, WorkerDied, at_label, at_number
from tests.crashes.whole_state import undone, whole_state
from tests.passwords import PASSWORD
from tests.sandbox_process import SandboxProcess
from tests.stories import approved

SECRETS = ReimageParameters(admin_password=PASSWORD, custom_data="I2Nsb3VkLWNvbmZpZwo=")


def test_each_operations_values_go_together_and_are_told_once(azure: SandboxProcess, alice: User, bob: User) -> None:
    request = approved(alice, bob, "web-02", "web-03", parameters=SECRETS)
    later = request.expires_at + LONG_OVER + timedelta(seconds=1)
    points = Failpoints()
    with undone(), points.watching():
        assert destroy_overdue_secrets(now=later) == 2
        afterwards = whole_state()
    assert sum("after commit" in point for point in points.reached) == 2
    for (number, point), times in product(enumerate(points.reached), (1, 2)):
        with undone():
            with pytest.raises(WorkerDied), Failpoints(at_number(number)).watching():
                destroy_overdue_secrets(now=later)
            if times > 1:  # at the next operation of the same point, if one is left
                with suppress(WorkerDied), Failpoints(at_label(point)).watching():
                    destroy_overdue_secrets(now=later)
            told = [action for action, _sequence in whole_state()["log"] if action == "sealed_values.expired"]
            assert SealedSecret.objects.count() == 4 - 2 * len(told)
            destroy_overdue_secrets(now=later)
            assert (whole_state(), SealedSecret.objects.count()) == (afterwards, 0)
