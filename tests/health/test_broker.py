"""The question to the broker ends in time, whatever the broker does."""

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from celery import Celery

from portal.celery import app
from portal.health import broker
from portal.health.broker import BrokerProbe
from tests.ports import free_port


@pytest.fixture
def silent_port() -> Iterator[int]:
    """Something that takes connections and never says a word, as a stopped broker does."""
    with socket.create_server(("127.0.0.1", 0), backlog=8) as server:
        yield server.getsockname()[1]


def celery_at(url: str, monkeypatch: pytest.MonkeyPatch) -> Celery:
    monkeypatch.delenv("CELERY_BROKER_URL", raising=False)  # Celery prefers it to what it is given
    return Celery("elsewhere", broker=url, set_as_current=False)


def test_the_portals_own_broker_answers() -> None:
    assert BrokerProbe(app).answers()


@pytest.mark.parametrize("scheme", ["redis", "amqp"])
def test_a_dead_one_does_not(scheme: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert not BrokerProbe(celery_at(f"{scheme}://127.0.0.1:{free_port()}//", monkeypatch)).answers()


@pytest.mark.parametrize("scheme", ["redis", "amqp"])
def test_one_that_hangs_is_not_waited_for(scheme: str, silent_port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(broker, "PATIENCE_SECONDS", 0.2)
    probe = BrokerProbe(celery_at(f"{scheme}://127.0.0.1:{silent_port}//", monkeypatch))
    assert not probe.answers()


def test_a_folder_that_is_gone_is_no_broker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    embedded = celery_at("filesystem://localhost", monkeypatch)
    embedded.conf.broker_transport_options = {"data_folder_in": str(tmp_path / "messages")}
    assert not BrokerProbe(embedded).answers()
    (tmp_path / "messages").mkdir()
    assert BrokerProbe(embedded).answers()


def test_who_asks_often_gets_the_same_answer_for_a_moment(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Celery] = []
    monkeypatch.setattr(broker, "ask", lambda given: not asked.append(given))
    probe = BrokerProbe(app)
    assert [probe.answers() for _ in range(3)] == [True] * 3
    assert asked == [app]
    monkeypatch.setattr(broker, "MEMORY_SECONDS", 0.0)
    assert probe.answers()
    assert len(asked) == 2
