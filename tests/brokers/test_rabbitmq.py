"""RabbitMQ for real: messages carry a request through, across the broker's end and return."""

from collections.abc import Callable

import pytest

from tests.brokers.conftest import Broker, Story
from tests.brokers.restart import carries_requests_through_a_restart

pytestmark = pytest.mark.own_database


@pytest.mark.parametrize("broker", ["rabbitmq"], indirect=True)
def test_messages_carry_requests_through_a_restart_of_the_broker(broker: Broker, story: Callable[..., Story]) -> None:
    carries_requests_through_a_restart(broker, story)
