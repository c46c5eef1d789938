"""A deed of one transaction dies at each of its points, once and twice: all was done or none, and a retry works."""

from collections.abc import Callable
from functools import partial
from typing import Literal

import pytest

from portal.errors import Problem
from tests.crashes.failpoints import Failpoints, WorkerDied, at_label, at_number
from tests.crashes.whole_state import undone, whole_state

Deed = Callable[[], object]
WhenDone = Literal["refused", "nothing", "another"]


def points_of(deed: Deed) -> list[str]:
    """From the second time on: the first one fetches a token, which is kept."""
    with undone():
        deed()
    points = Failpoints()
    with undone(), points.watching():
        deed()
    return points.reached


def assert_all_or_nothing(deed: Deed, *, when_done: WhenDone = "refused") -> None:
    """At each point, once and twice: as before or as afterwards; done again, as afterwards in any case.

    `when_done` tells what it is to do it again although it was done: a refusal, nothing, or a deed of its own, after
    which there is nothing to be compared.
    """
    before = whole_state()
    with undone():
        deed()
        afterwards = whole_state()
    assert before != afterwards
    points = points_of(deed)
    assert sum("after commit" in point for point in points) == 1
    for number, point in enumerate(points):
        committed = any("after commit" in passed for passed in points[: number + 1])
        again = partial(_again, deed, when_done if committed else None)
        for times in (1, 2):
            with undone():
                with pytest.raises(WorkerDied), Failpoints(at_number(number)).watching():
                    deed()
                if times > 1:
                    assert _dies(again, point) or committed, point
                assert whole_state() == (afterwards if committed else before), point
                again()
                assert whole_state() == afterwards, point


def _dies(again: Deed, point: str) -> bool:
    """At the same point, where it still comes by: what was done already has nothing left to commit."""
    try:
        with Failpoints(at_label(point)).watching():
            again()
    except WorkerDied:
        return True
    return False


def _again(deed: Deed, when_done: WhenDone | None) -> None:
    """What was done already is said to be so, and nothing is done twice. None: it was not done."""
    match when_done:
        case "refused":
            with pytest.raises(Problem):
                deed()
        case "another":
            pass
        case _:
            deed()
