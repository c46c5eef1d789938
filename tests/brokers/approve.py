"""Has one request approved per machine that is named: python -m tests.brokers.approve NAME… prints their ids."""

import json
import sys

import django

django.setup()

from django.utils import timezone  # noqa: E402  # Django comes first

from portal.audit.actors import Actor  # noqa: E402
from portal.identity.models import User  # noqa: E402
from reimage.models import AccessGrant, GrantRole, PrincipalKind  # noqa: E402
from reimage.services.grants import create_grant  # noqa: E402
from reimage.services.inventory import synchronize_inventory  # noqa: E402
from tests.cast import ALICE, BOB, Part, make_user  # noqa: E402
from tests.sandbox_process import PRODUCTION  # noqa: E402
from tests.stories import approved  # noqa: E402


def person(part: Part) -> User:
    """Somebody of the cast, signed in before."""
    return User.objects.filter(object_id=part.object_id).first() or make_user(part)


def main(names: list[str]) -> None:
    """Sees to inventory and grants the first time."""
    alice, bob = person(ALICE), person(BOB)
    if not AccessGrant.objects.exists():
        synchronize_inventory(actor=Actor.system("test"), now=timezone.now())
        for part, role in ((ALICE, GrantRole.REQUESTER), (BOB, GrantRole.APPROVER)):
            create_grant(
                actor=Actor.system("test"),
                principal_kind=PrincipalKind.USER,
                principal_id=part.object_id,
                role=role,
                scope=f"/subscriptions/{PRODUCTION}",
            )
    print(json.dumps([approved(alice, bob, name).pk for name in names]))  # noqa: T201  # read by the test


if __name__ == "__main__":
    main(sys.argv[1:])
