"""The sweeper dies at every commit and every mail of a round: the next round does the rest, and nothing twice."""

from collections import Counter
from datetime import timedelta

import pytest
from django.core import mail
from django.utils import timezone

from portal.identity.models import User
from reimage import tasks
from reimage.domain.request_states import RequestState
from reimage.models import Notice, ReimageRequest
from reimage.services import doorbell
from tests.cast import EVE, make_user
from tests.crashes.failpoints import Death, Failpoints, WorkerDied, at_label, at_number, never
from tests.crashes.whole_state import State, undone, whole_state
from tests.sandbox_process import SandboxProcess
from tests.stories import draft, request_reimage

Mails = Counter[tuple[str, str]]


@pytest.fixture
def overdue(azure: SandboxProcess, alice: User, bob: User, monkeypatch: pytest.MonkeyPatch) -> None:
    """A request nobody decided, a draft nobody sent, and mails to two approvers."""
    make_user(EVE, group_ids=bob.group_ids)
    request_reimage(alice, "web-02")
    draft(alice, "web-03")
    ReimageRequest.objects.update(expires_at=timezone.now() - timedelta(minutes=1))
    monkeypatch.setattr(doorbell, "ring", lambda _ids: None)


def sweep(death: Death = never) -> tuple[list[str], bool]:
    """One round: the points that it reached, and whether it died there."""
    points = Failpoints(death)
    with points.watching():
        try:
            tasks.sweep()
        except WorkerDied:
            return points.reached, True
    return points.reached, False


def sweep_to_the_end(*deaths: Death) -> tuple[list[bool], State, Mails]:
    """Dies in turn, where it comes by, then goes on until nothing is due; all of it is undone."""
    mail.outbox.clear()
    with undone():
        died = []
        for death in [*deaths, never, never]:
            died.append(sweep(death)[1])
            Notice.objects.filter(next_at__isnull=False).update(next_at=timezone.now() - timedelta(minutes=1))
        return died, whole_state(), Counter((message.to[0], message.subject) for message in mail.outbox)


def test_a_sweeper_that_dies_anywhere_leaves_the_rest_to_the_next_round(overdue: None) -> None:
    _, state, mails = sweep_to_the_end()
    assert state["requests"] == [RequestState.EXPIRED]
    assert sum(mails.values()) == len(mails) == 3  # each approver is asked, the requester is told
    with undone():
        points, _ = sweep()
    assert points.count("after send mail") == 3
    for number, point in enumerate(points):
        for deaths in ([at_number(number)], [at_number(number), at_label(point)]):
            died, found, sent = sweep_to_the_end(*deaths)
            assert died[0], point
            assert found == state, point
            assert sent.keys() == mails.keys(), point
            assert sum((sent - mails).values()) <= sum(died), "only a mail that nobody could write down goes twice"
