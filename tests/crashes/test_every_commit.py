"""No step writes what nobody dies at: a new commit is on the way of a campaign, among its deaths, or this fails."""

from dataclasses import replace
from functools import partial

from portal.identity.models import User
from reimage.domain.plan import DeleteOptionChange
from reimage.services import pausing
from tests.crashes import before_the_post, lost_ends, refused_posts
from tests.crashes.campaign import Campaign
from tests.crashes.guarded import Guarded
from tests.crashes.scripts import UNDISTURBED, Script
from tests.crashes.whole_state import undone
from tests.crashes.writers import writers
from tests.sandbox_process import SandboxProcess

CHANGED = Script(machine="batch-01", settings={"change": DeleteOptionChange.DELETE})
SCRIPTS = [
    replace(UNDISTURBED, machine="web-01"),
    CHANGED,
    *before_the_post.SCRIPTS.values(),
    *lost_ends.SCRIPTS.values(),
    *refused_posts.SCRIPTS.values(),
]
COMMITS = ("after commit by ", "after update by ")


def test_the_source_is_read() -> None:
    """The way to a second POST, a plain UPDATE, and what writes through a helper."""
    assert {"refusals.queue_again", "following._look_again", "verification.verify"} <= writers()
    assert not {"leases.commit", "moves.wait"} & writers()


def test_each_is_among_the_deaths_of_a_campaign(azure: SandboxProcess, alice: User, bob: User, dan: User) -> None:
    points = []
    for script in SCRIPTS:
        azure.reset()
        with undone():
            reached = Campaign(script.approved(alice, bob), azure, script).run().reached[0]
            points += [reached[number] for number in script.deaths(reached)]
    azure.reset()
    campaign = Campaign(UNDISTURBED.approved(alice, bob), azure)
    pause = partial(pausing.pause_execution, administrator=dan, reason="An outage.")
    points += Guarded(campaign, pause, lambda: None, "paused").points()  # dies there in test_guards.py
    written_by = {point.rpartition(" by ")[2] for point in points if point.startswith(COMMITS)}
    assert writers() - written_by == set()
    assert "crashes._pause" in written_by  # writes by itself, for what crashes may be the commit
