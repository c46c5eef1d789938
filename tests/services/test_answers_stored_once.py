"""The connection breaks right after the answer to the POST is stored, whatever the answer is: it is stored once."""

import pytest

from portal.identity.models import User
from tests.crashes.breaks import Breaks, said_twice
from tests.crashes.campaign import Campaign
from tests.sandbox_process import SandboxProcess
from tests.stories import advance, approved, posts

POST = {"verb": "POST", "path_contains": "/reimage"}


@pytest.mark.parametrize("status", [400, 401, 409, 429, 503])
def test_whatever_azure_answers_is_stored_once(azure: SandboxProcess, alice: User, bob: User, status: int) -> None:
    operation = approved(alice, bob, "web-02").operations.get()
    campaign = Campaign(operation, azure)
    undisturbed = Breaks(operation)

    def post(breaks: Breaks) -> None:
        azure.faults("status", match=POST, status=status, times=1)
        with breaks.watching():
            advance(operation)

    with campaign.from_the_start():
        post(undisturbed)
    assert len(undisturbed.reached) >= 9, "the instrument is blind"
    for number, place in enumerate(undisturbed.reached):
        with campaign.from_the_start():
            post(Breaks(operation, number))
            assert said_twice() == [], place
            assert len(posts(azure)) <= 1, place
