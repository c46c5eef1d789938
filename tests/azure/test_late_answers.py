"""An answer to a write, or the token for it, that takes too long is not waited for, and what it had told counts."""

import threading
import time
from typing import Any
from uuid import uuid4

import pytest
from azure.core.credentials import AccessTokenInfo

from reimage.azure import clients, time_limits
from reimage.azure.calls import NOT_SENT, Accepted, CallOutcome, Refused, Unknown
from reimage.azure.errors import ENTRA_UNAVAILABLE
from reimage.azure.virtual_machines import submit_reimage
from tests.azure.conftest import Token
from tests.azure.samples import WEB_02
from tests.azure.server import Answer, Server


def submit(**options: Any) -> CallOutcome:
    return submit_reimage(WEB_02, {"tempDisk": True}, client_request_id=uuid4(), **options)


@pytest.mark.parametrize(
    ("drips", "outcome"),
    [("body", Accepted(202, "https://localhost/o", "", "")), ("headers", Unknown("ServiceResponseTimeoutError"))],
)
def test_an_answer_that_comes_in_drops_is_not_waited_for(
    server: Server, monkeypatch: pytest.MonkeyPatch, drips: str, outcome: CallOutcome
) -> None:
    """What it had told counts: an acceptance is one once its headers are here."""
    submit()  # the client is slow to make
    monkeypatch.setattr(time_limits, "CALL_SECONDS", 0.5)
    server.answer = Answer(202, headers={"Azure-AsyncOperation": "https://localhost/o"}, drips=drips)
    assert submit(deadline=time.monotonic() + 2) == outcome
    assert not server.ran_dry
    assert len(server.arrivals) == 2


def test_a_token_that_comes_too_late_sends_nothing(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody waits any more when it is here."""
    late, asking = threading.Event(), []

    class Late(Token):
        def get_token_info(self, *scopes: str, options: Any = None) -> AccessTokenInfo:
            asking.append(threading.current_thread())
            late.wait()
            return super().get_token_info(*scopes)

    monkeypatch.setattr(clients, "credential", Late)
    monkeypatch.setattr(time_limits, "CALL_SECONDS", 0.1)
    assert submit(deadline=time.monotonic() + 0.1) == Refused(0, NOT_SENT, f"{ENTRA_UNAVAILABLE} Nothing was sent.")
    late.set()
    (thread,) = asking
    thread.join()
    assert server.arrivals == []
