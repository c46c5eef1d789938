"""Each of several campaigns is the one that was asked for."""

import pytest

from tests.chaos.options import of_one, parse

ASKED_FOR = [
    [],
    ["--quick"],
    ["--embedded", "--keep"],
    ["--minutes", "2.5", "--password-mode", "at_release"],
]


@pytest.mark.parametrize("arguments", ASKED_FOR, ids=" ".join)
def test_one_of_several_seeds_is_asked_for_like_that_seed_alone(arguments: list[str]) -> None:
    several = parse(["--seeds", "1-20", *arguments])
    assert parse(of_one(several, 7)) == parse(["--seed", "7", *arguments])
