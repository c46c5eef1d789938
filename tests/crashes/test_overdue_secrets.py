"""A process dies while it destroys what outlived its approval, once and twice: whole, or in the next round."""

from datetime import timedelta
from functools import partial

from portal.identity.models import User
from reimage.domain.parameters import ReimageParameters
from reimage.services.overdue_secrets import LONG_OVER, destroy_overdue_secrets
from tests.crashes.dying_duty import states_after_deaths
from tests.passwords import PASSWORD
from tests.sandbox_process import SandboxProcess
from tests.stories import approved

SECRETS = ReimageParameters(admin_password=PASSWORD, custom_data="I2Nsb3VkLWNvbmZpZwo=")


def test_each_operations_values_go_together_and_are_told_once(azure: SandboxProcess, alice: User, bob: User) -> None:
    request = approved(alice, bob, "web-02", "web-03", parameters=SECRETS)
    later = request.expires_at + LONG_OVER + timedelta(seconds=1)
    left = set()
    for found in states_after_deaths(partial(destroy_overdue_secrets, now=later), ends=2):
        told = [action for action, _sequence in found["log"] if action == "sealed_values.expired"]
        assert len(found["secrets"]) == 4 - 2 * len(told)
        left.add(len(found["secrets"]))
    assert left == {0, 2, 4}
