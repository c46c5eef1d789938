"""A draft is its requester's alone: no page of an administrator's or auditor's shows one, by whichever number."""

import pytest

from portal.identity.models import User
from tests.cast import client_of
from tests.sandbox_process import SandboxProcess
from tests.stories import draft


@pytest.mark.asvs("V8.2.2")
def test_the_page_of_a_case_shows_none(azure: SandboxProcess, alice: User, carol: User, dan: User) -> None:
    unsent = draft(alice, "web-02").operations.get()
    for person in (carol, dan):
        client = client_of(person)
        assert client.get(f"/attention/{unsent.pk}/").status_code == 404
        settled = {"executed": "no", "comment": "No.", "confirmation": "web-02"}
        assert client.post(f"/operations/{unsent.pk}/settle", settled).status_code in (403, 404)
