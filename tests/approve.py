"""Has machines asked for and approved: python -m tests.approve NAME…, or COUNT. Prints the requests' ids.

By name, a request each (NAME=PASSWORD: one that sets a password); by count, in requests as large as the portal allows,
all in one subscription and region.
"""

import json
import sys
from collections.abc import Iterator

import django

django.setup()

from django.db.models import Count  # Django comes first
from django.utils import timezone

from portal.audit.actors import Actor
from portal.identity.models import User
from reimage.domain.operation_states import ACTIVE
from reimage.domain.parameters import ReimageParameters
from reimage.domain.policy import REQUEST_MAX
from reimage.models import AccessGrant, GrantRole, PrincipalKind, VirtualMachine
from reimage.services.grants import create_grant
from reimage.services.inventory import synchronize_inventory
from tests.cast import ALICE, BOB, Part, make_user
from tests.sandbox_process import PRODUCTION
from tests.stories import approved

SYSTEM = Actor.system("test")


def person(part: Part) -> User:
    """Somebody of the cast, signed in before."""
    return User.objects.filter(object_id=part.object_id).first() or make_user(part)


def prepare() -> None:
    """Inventory and grants, the first time."""
    if AccessGrant.objects.exists():
        return
    synchronize_inventory(actor=SYSTEM, now=timezone.now())
    for part, role in ((ALICE, GrantRole.REQUESTER), (BOB, GrantRole.APPROVER)):
        create_grant(
            actor=SYSTEM,
            principal_kind=PrincipalKind.USER,
            principal_id=part.object_id,
            role=role,
            scope=f"/subscriptions/{PRODUCTION}",
        )


def batches(count: int) -> Iterator[list[str]]:
    """Names of so many free machines of the region that has most."""
    free = VirtualMachine.objects.filter(subscription_id=PRODUCTION).exclude(operations__state__in=ACTIVE)
    fullest = free.values("location").annotate(machines=Count("pk")).order_by("-machines")[0]
    if fullest["machines"] < count:
        raise SystemExit(f"{fullest} are too few machines for {count} operations")
    names = list(free.filter(location=fullest["location"]).order_by("pk").values_list("name", flat=True)[:count])
    for begin in range(0, count, REQUEST_MAX):
        yield names[begin : begin + REQUEST_MAX]


def of_one(argument: str) -> int:
    """The id of a request for one machine."""
    name, _, password = argument.partition("=")
    return approved(person(ALICE), person(BOB), name, parameters=ReimageParameters(admin_password=password or None)).pk


def main(arguments: list[str]) -> None:
    """The list of ids on one line."""
    alice, bob = person(ALICE), person(BOB)
    prepare()
    if arguments[0].isdecimal():
        made = [approved(alice, bob, *names).pk for names in batches(int(arguments[0]))]
    else:
        made = [of_one(argument) for argument in arguments]
    print(json.dumps(made))  # read by the caller


if __name__ == "__main__":
    main(sys.argv[1:])
