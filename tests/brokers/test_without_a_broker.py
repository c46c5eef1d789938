"""No broker at all: the worker's own sweeper carries requests through."""

from collections.abc import Callable

from tests.brokers.conftest import Story
from tests.ports import free_port


def test_a_request_completes_though_nobody_listens_at_the_brokers_address(story: Callable[..., Story]) -> None:
    told = story(f"redis://127.0.0.1:{free_port()}/0", SWEEPER_GRACE_SECONDS=1)
    pk = told.approve("web-01")
    worker = told.installation.start_worker()
    told.wait_for_state(pk, "completed")
    assert told.posts("web-01") == 1
    assert told.installation.end(worker) == 0
