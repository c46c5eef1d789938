"""The connection breaks right after a commit, and the worker takes for lost what is stored: each event is there once.

Broken are the end of each commit, and each of the two statements after it, on the way that tests/crashes goes.
"""

from portal.identity.models import User
from tests.crashes.breaks import Breaks, said_twice
from tests.crashes.campaign import Campaign
from tests.crashes.promises import broken_promises
from tests.sandbox_process import SandboxProcess
from tests.stories import approved


def test_on_the_way_of_a_reimage(azure: SandboxProcess, alice: User, bob: User) -> None:
    operation = approved(alice, bob, "web-02").operations.get()
    campaign = Campaign(operation, azure)
    undisturbed = Breaks(operation)
    with campaign.from_the_start():
        campaign.live(undisturbed)
    assert len(undisturbed.reached) >= 30, "the instrument is blind"
    broken = {}
    for number, place in enumerate(undisturbed.reached):
        with campaign.from_the_start():
            campaign.live(Breaks(operation, number))
            if found := [*broken_promises(operation, azure), *said_twice()]:
                broken[f"{number} {place}"] = found
    assert broken == {}
