"""No broker at all: the worker's own sweeper carries requests through, and tells of each step."""

import json
from collections.abc import Callable

import pytest

from tests.brokers.conftest import Story
from tests.ports import free_port

pytestmark = pytest.mark.own_database


def test_a_request_completes_though_nobody_listens_at_the_brokers_address(story: Callable[..., Story]) -> None:
    told = story(f"redis://127.0.0.1:{free_port()}/0", SWEEPER_GRACE_SECONDS=1)
    pk = told.approve("web-01")
    worker = told.installation.start_worker()
    told.wait_for_state(pk, "completed")
    assert told.posts("web-01") == 1
    assert told.installation.end(worker) == 0
    lines = (told.installation.folder / "worker.log").read_text(encoding="utf-8").splitlines()
    begun = [json.loads(line) for line in lines if '"operation.step"' in line]
    assert {line["reimage_request"] for line in begun} == {pk}
    assert all(line["vm"].endswith("/web-01") and line["operation"] for line in begun)
