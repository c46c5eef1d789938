"""The files that take longest begin first, in a run of several processes too."""

from pathlib import Path

import pytest

from tests.order import LONGEST, rank

ROOT = Path(__file__).resolve().parent.parent


def test_the_longest_come_first_and_the_others_keep_their_places() -> None:
    collected = [f"{name}::test" for name in ("tests/b.py", "tests/a.py", *reversed(LONGEST))]
    assert sorted(collected, key=rank) == [
        *(f"{name}::test" for name in LONGEST),
        "tests/b.py::test",
        "tests/a.py::test",
    ]


@pytest.mark.parametrize("name", LONGEST)
def test_what_is_named_is_there(name: str) -> None:
    assert (ROOT / name).exists()


def test_this_run_was_put_into_that_order(request: pytest.FixtureRequest) -> None:
    ranks = [rank(item.nodeid) for item in request.session.items]
    assert ranks == sorted(ranks)


def test_xdist_keeps_it() -> None:
    assert "--dist=loadfile --no-loadscope-reorder" in (ROOT / "Makefile").read_text(encoding="utf-8")
