"""What lies in a real broker, in each way of passwords: ids, and no secret in any spelling."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import redis
from celery import Celery
from django.utils import timezone

from portal.identity.models import User
from reimage.domain.parameters import ReimageParameters
from reimage.services import doorbell, generated_passwords
from reimage.services.view_answers import answer_views
from tests.brokers.conftest import Broker
from tests.canary.spellings import PASSWORD, leaks
from tests.cast import client_of
from tests.passwords import AT_RELEASE, GENERATED, give
from tests.sandbox_process import SandboxProcess
from tests.stories import approved, run


@pytest.fixture
def rung(broker: Broker, monkeypatch: pytest.MonkeyPatch) -> Iterator[Celery]:
    """The doorbell rings there, and no worker takes a message away."""
    monkeypatch.delenv("CELERY_BROKER_URL", raising=False)  # Celery prefers it to what it is given
    with Celery("there", broker=broker.url, set_as_current=False) as there:
        monkeypatch.setattr(doorbell, "current_app", there)
        yield there


def held(there: Celery, broker: Broker, folder: Path) -> dict[str, bytes]:
    """Every message as it lies there, every key of Redis, and whatever the server wrote."""
    found = {str(file): file.read_bytes() for file in folder.rglob("*") if file.is_file()}
    if broker.url.startswith("redis://"):
        with redis.Redis.from_url(broker.url) as server:
            found |= {repr(key): _value(server, key) for key in server.scan_iter()}
    with there.connection_for_read() as connection, connection.SimpleQueue("celery") as queue:
        messages = [queue.get(block=True, timeout=10) for _number in range(queue.qsize())]
        texts = [f"{message.headers} {message.properties} {message.body}" for message in messages]
        found["messages"] = " ".join(texts).encode()
    return found


def _value(server: "redis.Redis[bytes]", key: bytes) -> bytes:
    """A queue's messages in plain; anything else as Redis would write it down."""
    return b" ".join(server.lrange(key, 0, -1)) if server.type(key) == b"list" else server.dump(key) or b""


def test_messages_carry_ids_and_no_secret(
    rung: Celery,
    broker: Broker,
    azure: SandboxProcess,
    alice: User,
    bob: User,
    settings: Any,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    django_capture_on_commit_callbacks: Any,
) -> None:
    monkeypatch.setattr(generated_passwords, "generate_password", lambda _os_type: PASSWORD)
    with django_capture_on_commit_callbacks(execute=True):
        run(approved(alice, bob, "web-02", parameters=ReimageParameters(admin_password=PASSWORD)), azure)
        settings.PASSWORD_MODE = "at_release"
        awaiting = approved(alice, bob, "web-02", parameters=AT_RELEASE)
        give(awaiting, password=PASSWORD)
        run(awaiting, azure)
        settings.PASSWORD_MODE = "generated"
        ended = run(approved(alice, bob, "web-02", parameters=GENERATED), azure)
        path = f"/requests/{ended.pk}/operations/{ended.operations.get().pk}/password"
        browser = client_of(alice)
        browser.post(path)
        answer_views(now=timezone.now())
        assert browser.post(path).status_code == 200
    found = held(rung, broker, tmp_path)
    assert b"reimage.tasks.advance_operation" in found["messages"]
    assert b"reimage.tasks.answer_password_views" in found["messages"]
    assert leaks(found) == []
