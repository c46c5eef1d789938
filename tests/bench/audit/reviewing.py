"""Reads the list as an auditor does, and a minimal view beside it: python -m tests.bench.audit.reviewing ROUNDS.

Prints the milliseconds of each request. Rounds go by turns: whatever else this machine does is shared.
"""

import json
import sys
import time

import django

django.setup()

from django.contrib.auth import get_user_model  # Django comes first
from django.test import Client
from django.test.utils import override_settings, setup_test_environment

from portal.audit.models import AuditEvent
from tests.cast import CAROL, make_user

FILTERS = (
    "",
    "action=reimage_request.approved",
    "outcome=failed",
    "delete_warning=on",
    "subject=%2317",
    "person=Alice+017",
    "person=alice",
    "person=00000011-0000-4000-8000-00000000000a",
    "target=vm-00017",
    "target=vm",
    "occurred_from=2025-01-02&occurred_to=2025-01-03",
)


def addresses() -> dict[str, str]:
    """The pages by their names: each filter's first, and each filter's from the middle of the log on, both ways."""
    middle = AuditEvent.objects.order_by("pk")[AuditEvent.objects.count() // 2].event_id
    cuts = {"": "", "older": f"&older={middle}", "newer": f"&newer={middle}"}
    return {f"{name} {direction}": f"/audit/?{name}{cut}" for name in FILTERS for direction, cut in cuts.items()}


def timed(client: Client, address: str) -> float:
    """One request; nothing but 200 counts."""
    begin = time.perf_counter()
    status = client.get(address).status_code
    if status != 200:
        raise AssertionError(f"{address} answered {status}")
    return round(1_000 * (time.perf_counter() - begin), 2)


def main(rounds: int) -> None:
    """One request of each before any counts: templates and plans are made in it."""
    setup_test_environment()
    carol = get_user_model().objects.filter(object_id=CAROL.object_id).first() or make_user(CAROL)
    client = Client()
    client.force_login(carol)
    pages = addresses()
    found: dict[str, list[float]] = {"minimal": [], **{name: [] for name in pages}}
    with override_settings(ROOT_URLCONF="tests.bench.audit.minimal"):
        for address in ("/audit/", "/minimal/"):
            timed(client, address)
        for _ in range(rounds):
            for name, address in pages.items():
                found[name].append(timed(client, address))
                found["minimal"].append(timed(client, "/minimal/"))
    print(json.dumps(found))


if __name__ == "__main__":
    main(int(sys.argv[1]))
