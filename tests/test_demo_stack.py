"""How a test finds a demo that runs already."""

from pathlib import Path

import pytest

from tests.demo_stack import RunningStack

pytestmark = pytest.mark.own_database


def named(folder: Path) -> dict[str, str]:
    return {
        "RUNNING_DEMO_DIR": str(folder),
        "RUNNING_DEMO_URL": "http://localhost:8000/",
        "RUNNING_DEMO_SANDBOX_URL": "http://localhost:7080",
    }


def test_without_the_variables_there_is_none() -> None:
    assert RunningStack.named_by({"RUNNING_DEMO_URL": ""}) is None


def test_it_is_named_by_three_variables(tmp_path: Path) -> None:
    found = RunningStack.named_by(named(tmp_path))
    assert found == RunningStack(tmp_path, "http://localhost:8000", "http://localhost:7080")


@pytest.mark.parametrize("missing", ["RUNNING_DEMO_DIR", "RUNNING_DEMO_URL", "RUNNING_DEMO_SANDBOX_URL"])
def test_one_that_is_half_named_is_refused(tmp_path: Path, missing: str) -> None:
    with pytest.raises(RuntimeError, match="RUNNING_DEMO_DIR, RUNNING_DEMO_URL, RUNNING_DEMO_SANDBOX_URL together"):
        RunningStack.named_by(named(tmp_path) | {missing: ""})


def test_a_folder_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match="names no folder"):
        RunningStack.named_by(named(tmp_path / "nowhere"))
