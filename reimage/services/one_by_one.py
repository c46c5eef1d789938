"""A duty that is done for many rows: a damaged one is not the others' trouble."""

from collections.abc import Callable, Iterable
from typing import TypeVar

from portal.database_trouble import is_trouble

Row = TypeVar("Row")


def one_by_one(act: Callable[[Row], bool], rows: Iterable[Row]) -> int:
    """Acts on each row, in a transaction of its own. Returns for how many it did something.

    Raises, after all of them, an ExceptionGroup of what kept some from it; the database's trouble at once.
    """
    done, mistakes = 0, []
    for row in list(rows):
        try:
            done += act(row)
        except Exception as err:
            if is_trouble(err):  # the next one would wait for the same database
                raise
            mistakes.append(err)
    if mistakes:
        raise ExceptionGroup("of some rows nothing came", mistakes)
    return done
