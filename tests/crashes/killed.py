"""Forks a worker per point and lets it kill itself there: python -m tests.crashes.killed. Prints what became of each.

Transactions, commits, locks and deaths are real here. The environment says where database and sandbox are.
"""

import json
import os
import signal
import sys

import django

django.setup()

from django.db import connection  # noqa: E402  # as all below: after Django is set up
from django.utils import timezone  # noqa: E402

from portal.audit.actors import Actor  # noqa: E402
from portal.identity.models import User  # noqa: E402
from reimage.domain.operation_states import OperationState  # noqa: E402
from reimage.models import GrantRole, PrincipalKind, ReimageOperation  # noqa: E402
from reimage.services import attention  # noqa: E402
from reimage.services.grants import create_grant  # noqa: E402
from reimage.services.inventory import synchronize_inventory  # noqa: E402
from tests.azure_fixtures import RG_WEB, forget_clients  # noqa: E402
from tests.cast import ALICE, BOB, DAN, Part, make_user  # noqa: E402
from tests.crashes.campaign import Campaign  # noqa: E402
from tests.crashes.failpoints import Death, Failpoints, at_number, never  # noqa: E402
from tests.crashes.promises import broken_promises  # noqa: E402
from tests.sandbox_process import SandboxProcess  # noqa: E402
from tests.stories import approved, let_lease_lapse  # noqa: E402

ROOMS = ("leases.claim", "reimaging.", "following._ended", "verification._finish")


def main() -> None:
    sandbox = SandboxProcess()
    sandbox.http_url, sandbox.https_url = os.environ["SANDBOX_HTTP_URL"], os.environ["SANDBOX_HTTPS_URL"]
    alice, bob, dan = (make_user(part) for part in (ALICE, BOB, DAN))
    _set_up()
    points = _points_of(Campaign(approved(alice, bob, "web-01").operations.get(), sandbox))
    chosen = {point: number for number, point in reversed(list(enumerate(points)))}  # the first of each kind
    for point, number in sorted(chosen.items(), key=lambda item: item[1]):
        if any(room in point for room in ROOMS):
            sandbox.reset()
            campaign = Campaign(approved(alice, bob, "web-01").operations.get(), sandbox)
            killed = _live_in_a_process(campaign, at_number(number)) == -signal.SIGKILL
            let_lease_lapse(campaign.operation)
            recovered = _live_in_a_process(campaign, never) == 0
            broken = broken_promises(campaign.operation, sandbox)
            print(json.dumps({"point": point, "killed": killed, "recovered": recovered, "broken": broken}))  # noqa: T201
            _settle(campaign.operation, dan)


def _set_up() -> None:
    system = Actor.system("test")
    synchronize_inventory(actor=system, now=timezone.now())
    for part, role in ((ALICE, GrantRole.REQUESTER), (BOB, GrantRole.APPROVER)):
        _grant(system, part, role)


def _grant(system: Actor, part: Part, role: GrantRole) -> None:
    kind = PrincipalKind.USER
    create_grant(actor=system, principal_kind=kind, principal_id=str(part.object_id), role=role, scope=RG_WEB)


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
            now=timezone.now(),
        )


if __name__ == "__main__":
    sys.exit(main())
