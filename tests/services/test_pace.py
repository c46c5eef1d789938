"""When an operation is looked at next."""

from itertools import pairwise
from random import Random

import pytest
from pytest_django import Settings

from reimage.services import pace


def test_a_thousand_operations_do_not_poll_at_once(monkeypatch: pytest.MonkeyPatch, settings: Settings) -> None:
    settings.OPERATION_POLL_SECONDS = 15
    monkeypatch.setattr(pace, "random", Random(7))  # noqa: S311  # no secret
    waits = sorted(pace.poll_seconds() for _ in range(1_000))
    assert 12 <= waits[0] < 12.1
    assert 17.9 < waits[-1] <= 18
    assert all(later - earlier < 0.1 for earlier, later in pairwise(waits))


def test_whatever_azure_asks_for_is_kept_to_the_second() -> None:
    assert pace.poll_seconds(90) == 90
