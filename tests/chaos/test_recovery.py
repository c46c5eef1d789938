"""What is told of the times that work stood still: of how many, and the longest too."""

import pytest

from tests.chaos.recovery import Recovery

COUNTED = "100 operations that a dead or paused worker held went on"


@pytest.mark.parametrize(
    ("seconds", "told"),
    [
        ([], "0 operations that a dead or paused worker held went on"),
        (
            [*([30.04] * 96), 31.5, 32.5, 33.5, 39.98],
            f"{COUNTED}, 95 % of them within 30.0 s, the last after 40.0 s",
        ),
    ],
)
def test_it_says_how_many_and_how_long_at_most(seconds: list[float], told: str) -> None:
    recovery = Recovery()
    recovery.seconds = seconds
    assert str(recovery) == told
