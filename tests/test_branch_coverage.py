"""The gate of the rooms that must not be wrong."""

import pytest

from tests.branch_coverage import shortfalls


class Measured:
    """Coverage's answer for every file: line number to (possible, taken) branches."""

    def __init__(self, possible: int, taken: int) -> None:
        self._stats = {7: (possible, taken)}

    def branch_stats(self, _file: str) -> dict[int, tuple[int, int]]:
        return self._stats


@pytest.mark.parametrize(("taken", "gate"), [(20, 95), (19, 95), (0, 0)])
def test_a_room_at_its_gate_passes(taken, gate):
    assert shortfalls(Measured(20, taken), {"reimage/domain": gate}) == []


def test_a_room_below_its_gate_is_named_with_both_figures():
    (sentence,) = shortfalls(Measured(20, 18), {"reimage/domain": 95})
    assert sentence == "reimage/domain has 90.0 % of its branches tested, 95 % are asked for."


def test_a_room_that_is_gone_does_not_pass():
    (sentence,) = shortfalls(Measured(20, 20), {"reimage/nowhere": 95})
    assert "reimage/nowhere has no file" in sentence
