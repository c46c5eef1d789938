"""Forks a worker per point and lets it kill itself there: python -m tests.crashes.killed. Prints what became of each.

Transactions, commits, locks and deaths are real here. The environment says where database and sandbox are.
"""

import json
import os
import signal
import sys

import django

django.setup()

from django.db import connection  # as all below: after Django is set up
from django.utils import timezone

from portal.identity.models import User
from reimage.domain.operation_states import OperationState
from reimage.models import ReimageOperation, UpdateBucket
from reimage.services import attention
from tests.azure_fixtures import forget_clients
from tests.cast import DAN, make_user
from tests.crashes.campaign import Campaign
from tests.crashes.failpoints import Death, Failpoints, at_number, never
from tests.crashes.prepared import alice_and_bob, running_sandbox
from tests.crashes.promises import broken_promises
from tests.stories import approved, let_lease_lapse

ROOMS = ("leases.claim", "reimaging.", "following._ended", "verification._finish")


def main() -> None:
    sandbox, dan = running_sandbox(), make_user(DAN)
    alice, bob = alice_and_bob()
    points = _points_of(Campaign(approved(alice, bob, "web-01").operations.get(), sandbox))
    chosen = {point: number for number, point in reversed(list(enumerate(points)))}  # the first of each kind
    for point, number in sorted(chosen.items(), key=lambda item: item[1]):
        if any(room in point for room in ROOMS):
            sandbox.reset()
            UpdateBucket.objects.all().delete()  # Azure begins anew, and so does what is known of its rates
            campaign = Campaign(approved(alice, bob, "web-01").operations.get(), sandbox)
            killed = _live_in_a_process(campaign, at_number(number)) == -signal.SIGKILL
            let_lease_lapse(campaign.operation)
            recovered = _live_in_a_process(campaign, never) == 0
            broken = broken_promises(campaign.operation, sandbox)
            print(json.dumps({"point": point, "killed": killed, "recovered": recovered, "broken": broken}))
            _settle(campaign.operation, dan)


def _points_of(campaign: Campaign) -> list[str]:
    """A first request goes through undisturbed, in this very process."""
    campaign.sandbox.reset()
    points = Failpoints()
    campaign.live(points)
    return points.reached


def _live_in_a_process(campaign: Campaign, death: Death) -> int:
    """How a worker of its own ended: 0, or minus the signal."""
    connection.close()
    child = os.fork()
    if child:
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    forget_clients()
    campaign.live(Failpoints(death, die=lambda _point: os.kill(os.getpid(), signal.SIGKILL)))
    os._exit(0)


def _settle(operation: ReimageOperation, administrator: User) -> None:
    """Frees the machine for the next request."""
    if operation.state == OperationState.NEEDS_ATTENTION:
        attention.settle_operation(
            administrator=administrator,
            operation_id=operation.pk,
            executed=False,
            comment="The ledger has no POST.",
            confirmation=operation.name,
            now=timezone.now(),
        )


if __name__ == "__main__":
    sys.exit(main())
