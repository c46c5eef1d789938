"""The figures can be measured; whether they are met is `make bench`'s to say, on a quiet machine."""

from pathlib import Path

import pytest

from tests.bench.__main__ import NAMES
from tests.bench.figures import audit_sealing, concurrent_operations
from tests.bench.services import Services

pytestmark = pytest.mark.own_database

ROOT = Path(__file__).resolve().parent.parent.parent


def test_five_operations_are_carried_through_and_measured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPERATION_POLL_SECONDS", "1")
    found = concurrent_operations.measure(Services(tmp_path), 0.005)
    assert found["states"] == {"succeeded": 5}
    assert found["throttled"] == 0
    assert 0 < found["sending_s"] < found["azure_s"]
    assert min(found[name] for name in ("wall_s", "azure_s", "cpu_s", "rss_mb", "arm_calls_per_operation")) > 0


@pytest.mark.parametrize("name", NAMES)
def test_every_figure_stands_in_the_document(name: str) -> None:
    assert f"## `{name}`" in (ROOT / "docs/performance.md").read_text(encoding="utf-8")


def test_the_time_from_an_event_to_its_seal_and_anchor_is_measured(tmp_path: Path) -> None:
    found = audit_sealing.measure(Services(tmp_path), 0)
    assert int(found["events"]) > 0
    assert 0 < found["sealed_p50_s"] <= found["sealed_max_s"] <= found["anchored_max_s"]
