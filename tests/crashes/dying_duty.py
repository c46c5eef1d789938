"""A duty of the sweeper whose process dies at each of its points, once and twice."""

from collections.abc import Callable, Iterator
from contextlib import suppress
from itertools import product

import pytest

from tests.crashes.failpoints import Failpoints, WorkerDied, at_label, at_number
from tests.crashes.whole_state import State, undone, whole_state


def states_after_deaths(duty: Callable[[], int], *, ends: int) -> Iterator[State]:
    """What each death leaves, of a duty that ends so many things, each in a transaction of its own.

    Once the caller has looked, the next round must do the rest, and nothing twice.
    """
    points = Failpoints()
    with undone(), points.watching():
        assert duty() == ends
        afterwards = whole_state()
    assert sum("after commit" in point for point in points.reached) == ends
    for (number, point), times in product(enumerate(points.reached), (1, 2)):
        with undone():
            with pytest.raises(WorkerDied), Failpoints(at_number(number)).watching():
                duty()
            if times > 1:  # at the next thing of the same point, if one is left
                with suppress(WorkerDied), Failpoints(at_label(point)).watching():
                    duty()
            yield whole_state()
            duty()
            assert whole_state() == afterwards
