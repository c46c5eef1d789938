"""Redis and RabbitMQ for real: messages carry a request through, across the broker's end and return."""

from collections.abc import Callable

import pytest

from tests.brokers.conftest import Broker, Story

NEVER = 100_000
SWEEPERS_SHARE = "sweeper.no_message_came"


def test_messages_carry_requests_through_a_restart_of_the_broker(broker: Broker, story: Callable[..., Story]) -> None:
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


@pytest.mark.parametrize("broker", ["redis"], indirect=True)
def test_a_request_goes_on_when_the_broker_dies_for_good(broker: Broker, story: Callable[..., Story]) -> None:
    told = story(broker.url, SWEEPER_GRACE_SECONDS=1)
    worker = told.installation.start_worker()
    pk = told.approve("web-01")
    told.wait_for_post("web-01")
    broker.server.kill()
    told.wait_for_state(pk, "completed")
    told.wait_for_log(SWEEPERS_SHARE)
    assert told.posts("web-01") == 1
    assert told.installation.end(worker) == 0
