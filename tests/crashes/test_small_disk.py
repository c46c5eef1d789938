"""Where no small disk can be made the run says what it left out, and CI does not pass."""

import os

import pytest

from tests.crashes import small_disk


@pytest.fixture(autouse=True)
def nobody_special(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1_000)
    monkeypatch.delenv("CI", raising=False)


def test_without_it_the_test_is_skipped() -> None:
    with pytest.raises(pytest.skip.Exception, match="nothing was tried"), small_disk.database_on_a_small_disk():
        pass


def test_without_it_ci_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CI", "true")
    with pytest.raises(pytest.fail.Exception, match="nothing was tried"), small_disk.database_on_a_small_disk():
        pass
