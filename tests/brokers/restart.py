"""What each broker is put through, in a file of its own, so that they need not wait for each other."""

from collections.abc import Callable

from tests.brokers.conftest import Broker, Story

NEVER = 100_000


def carries_requests_through_a_restart(broker: Broker, story: Callable[..., Story]) -> None:
    """Messages alone carry one request across the broker's end, and one that was approved while it was away."""
    told = story(broker.url, SWEEPER_GRACE_SECONDS=NEVER)
    worker = told.installation.start_worker()
    beat = told.installation.start_beat()
    before = told.approve("web-01")
    told.wait_for_post("web-01")
    broker.server.kill()
    while_away = told.approve("web-02")
    broker.server.start()
    told.wait_for_state(before, "completed")
    told.wait_for_state(while_away, "completed")
    assert (told.posts("web-01"), told.posts("web-02")) == (1, 1)
    assert told.installation.end(beat) == 0
    assert told.installation.end(worker) == 0
