"""What docs/reliability.md says of the campaign's harm is what its scripts do."""

import pytest

from tests.chaos import aftermath, timeline
from tests.docs.runbook import ROOT

TEXT = (ROOT / "docs/reliability.md").read_text(encoding="utf-8")
KINDS = {
    "tokens": timeline.TOKEN_FAULTS,
    "reads": timeline.READ_FAULTS,
    "polls": timeline.POLL_FAULTS,
    "updates": timeline.UPDATE_FAULTS,
    "reimage POSTs": timeline.REIMAGE_FAULTS,
}


@pytest.mark.parametrize("kind", KINDS)
def test_the_share_of_calls_that_a_fault_strikes(kind: str) -> None:
    assert f"{kind} {sum(KINDS[kind].values()):.0%}".replace("%", " %") in TEXT


def test_how_many_pages_are_searched() -> None:
    assert (aftermath.MOST_PAGES, "up to ten such requests" in TEXT) == (10, True)
