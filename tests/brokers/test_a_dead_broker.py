"""The broker dies in the midst of a request and does not come back: the worker's own sweeper takes over."""

from collections.abc import Callable

import pytest

from tests.brokers.conftest import Broker, Story

pytestmark = pytest.mark.own_database

SWEEPERS_SHARE = "sweeper.no_message_came"


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
