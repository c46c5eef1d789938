"""How long work stands still when one process dies, by the times as shipped: within the lease and ten seconds."""

import pytest
from django.conf import settings

from portal.celery import SWEEP_SECONDS
from portal.environment import CONTRACT
from portal.identity.models import User
from reimage.models import ReimageOperation
from reimage.services.leases import claim, due_in, due_operation_ids
from reimage.sweeper import LOOK_SECONDS
from tests.sandbox_process import SandboxProcess
from tests.stories import approved

DEFAULTS = {setting.name: setting.default for setting in CONTRACT}
LEASE_SECONDS = float(DEFAULTS["OPERATION_LEASE_SECONDS"] or 0)
GRACE_SECONDS = float(DEFAULTS["SWEEPER_GRACE_SECONDS"] or 0)
PROMISED_SECONDS = LEASE_SECONDS + 10
TAKING_UP_SECONDS = 5  # a query, a claim, and a thread that is free


def test_what_a_worker_held_is_taken_up_in_time() -> None:
    assert LEASE_SECONDS + max(SWEEP_SECONDS, LOOK_SECONDS) + TAKING_UP_SECONDS <= PROMISED_SECONDS


def test_what_beat_or_the_broker_would_have_rung_for_is_taken_up_in_time() -> None:
    """No lease is held by either: what is due waits for the workers' own look alone."""
    assert GRACE_SECONDS + LOOK_SECONDS + TAKING_UP_SECONDS <= PROMISED_SECONDS


@pytest.mark.parametrize(("lapsed_for", "taken_up"), [(-1, False), (1, True)])
def test_what_a_dead_worker_held_needs_no_further_grace(
    azure: SandboxProcess, alice: User, bob: User, lapsed_for: float, taken_up: bool
) -> None:
    """It was due before it was claimed, so a lease ago at least: a lease and the grace do not add up."""
    operation = approved(alice, bob, "web-01").operations.get()
    assert claim(operation.pk) is not None
    a_lease_ago = {"next_at": due_in(-LEASE_SECONDS - lapsed_for), "lease_until": due_in(-lapsed_for)}
    ReimageOperation.objects.update(**a_lease_ago)
    overdue = due_operation_ids(overdue_seconds=settings.SWEEPER_GRACE_SECONDS)
    assert overdue == ([operation.pk] if taken_up else [])
