"""A worker dies while a guard holds it up, and a person's process while the guard is set or lifted: once and twice."""

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from django.test import TestCase
from django.utils import timezone

from portal.identity.models import User
from reimage.domain.plan import DeleteOptionChange
from reimage.models import ExecutionPause, ReimageBreaker, ReimageOperation
from reimage.services import breaker, doorbell, pausing, preflight
from tests.crashes.campaign import Campaign
from tests.crashes.deeds import Deed, assert_all_or_nothing
from tests.crashes.guarded import Guarded
from tests.sandbox_process import PRODUCTION, SandboxProcess
from tests.stories import advance, approved

REASON = "Azure has an outage."


@pytest.fixture
def campaign(azure: SandboxProcess, alice: User, bob: User) -> Campaign:
    return Campaign(approved(alice, bob, "web-02").operations.get(), azure)


@pytest.fixture
def pause(dan: User) -> Deed:
    return partial(pausing.pause_execution, administrator=dan, reason=REASON)


@pytest.fixture
def resume(dan: User) -> Deed:
    return partial(pausing.resume_execution, administrator=dan)


@pytest.fixture
def release(dan: User) -> Deed:
    return partial(breaker.release_breaker, administrator=dan, subscription_id=PRODUCTION, reimages=3)


@pytest.fixture
def one_at_once(azure: SandboxProcess, alice: User, bob: User, settings: Any) -> None:
    """Another machine of the subscription was reimaged just now, and one is the most."""
    other = approved(alice, bob, "web-03").operations.get()
    advance(other)
    settings.BREAKER_REIMAGES = 1


def test_a_pause_found_before_anything_is_read(campaign: Campaign, pause: Deed, resume: Deed) -> None:
    guarded = Guarded(campaign, pause, resume, "paused")
    assert guarded.points() == ["before update by gates.hold", "after update by gates.hold"]
    assert guarded.dies_everywhere() == {}


def test_a_pause_that_comes_in_the_midst_of_a_step(
    campaign: Campaign, resume: Deed, dan: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It was not there at the first look; the transaction of the intent finds it, and is undone."""
    read = preflight.read_virtual_machine

    def pause_meanwhile(*arguments: Any) -> Any:
        ExecutionPause.objects.update_or_create(
            pk=pausing.ONE, defaults={"paused_at": timezone.now(), "changed_by": "Dan", "reason": REASON}
        )
        return read(*arguments)

    def lift() -> None:
        monkeypatch.setattr(preflight, "read_virtual_machine", read)
        resume()

    def close() -> None:
        monkeypatch.setattr(preflight, "read_virtual_machine", pause_meanwhile)

    guarded = Guarded(campaign, close, lift, "paused")
    assert "after update by gates.hold" in guarded.points()
    assert guarded.dies_everywhere() == {}


@pytest.mark.parametrize("change", [DeleteOptionChange.KEEP, DeleteOptionChange.DELETE])
def test_a_breaker_that_trips(
    azure: SandboxProcess, alice: User, bob: User, one_at_once: None, release: Deed, change: DeleteOptionChange
) -> None:
    """Before the POST, and before the change of deleteOption that would precede it."""
    name = "web-02" if change is DeleteOptionChange.KEEP else "batch-01"
    operation = approved(alice, bob, name, change=change).operations.get()
    guarded = Guarded(Campaign(operation, azure), lambda: None, release, "breaker_tripped")
    points = guarded.points()
    assert points[points.index("before commit by breaker.trip") :] == [
        "before commit by breaker.trip",
        "after commit by breaker.trip",
        "before update by gates.hold",
        "after update by gates.hold",
    ]
    assert guarded.dies_everywhere() == {}


@pytest.fixture
def with_its_callbacks(monkeypatch: pytest.MonkeyPatch) -> Callable[[Deed], Deed]:
    """After the commit comes what waits for it; not if the process died at the commit."""
    monkeypatch.setattr(doorbell, "ring", lambda _ids: None)

    def wrap(deed: Deed) -> Deed:
        def done() -> None:
            with TestCase.captureOnCommitCallbacks() as callbacks:
                deed()
            for callback in callbacks:
                callback()

        return done

    return wrap


def test_pausing_is_all_or_nothing(db: None, pause: Deed) -> None:
    assert_all_or_nothing(pause)


def test_resuming_is_all_or_nothing(
    campaign: Campaign, pause: Deed, resume: Deed, with_its_callbacks: Callable[[Deed], Deed]
) -> None:
    pause()
    advance(campaign.operation)
    assert_all_or_nothing(with_its_callbacks(resume))


def test_releasing_is_all_or_nothing(
    campaign: Campaign, one_at_once: None, release: Deed, with_its_callbacks: Callable[[Deed], Deed]
) -> None:
    advance(campaign.operation)
    assert ReimageBreaker.objects.get().tripped_at
    assert ReimageOperation.objects.get(pk=campaign.operation.pk).note["code"] == "breaker_tripped"
    assert_all_or_nothing(with_its_callbacks(release))
