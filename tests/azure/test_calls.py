"""What a call's end says of its effect, where no server can bring the end about."""

from types import SimpleNamespace
from typing import Any

import pytest
from azure.core.exceptions import ServiceRequestError
from requests import ConnectionError as RequestsConnectionError
from urllib3.connection import HTTPSConnection
from urllib3.exceptions import MaxRetryError, NewConnectionError, ProtocolError

from reimage.azure.calls import NOT_SENT, Accepted, Refused, Unknown, classify

NEVER_CONNECTED = NewConnectionError(HTTPSConnection("localhost"), "refused")


def leave(hooks: Any) -> None:
    hooks["raw_request_hook"](SimpleNamespace())


@pytest.mark.parametrize("status", [201, 204, 304])
def test_an_answer_that_is_neither_acceptance_nor_error_is_unknown(status: int) -> None:
    def send(hooks: Any) -> None:
        leave(hooks)
        answer = SimpleNamespace(status_code=status, headers={})
        hooks["raw_response_hook"](SimpleNamespace(http_response=answer))

    assert classify(send) == Unknown("UnexpectedStatus", status)


@pytest.mark.parametrize(
    "inner",
    [
        NEVER_CONNECTED,
        MaxRetryError(SimpleNamespace(), "/", NEVER_CONNECTED),
        RequestsConnectionError(MaxRetryError(SimpleNamespace(), "/", NEVER_CONNECTED)),
    ],
    ids=["urllib3", "urllib3-retried", "requests"],
)
def test_a_connection_that_was_never_made_sent_nothing_however_it_is_wrapped(inner: Exception) -> None:
    def send(hooks: Any) -> None:
        leave(hooks)
        raise ServiceRequestError("no", error=inner)

    found = classify(send)
    assert isinstance(found, Refused)
    assert (found.status, found.code) == (0, NOT_SENT)


@pytest.mark.parametrize(
    "inner",
    [None, OSError("reset"), RequestsConnectionError(), RequestsConnectionError(ProtocolError("reset"))],
    ids=["none", "os", "requests-empty", "requests"],
)
def test_any_other_broken_connection_may_have_sent_it(inner: Exception | None) -> None:
    def send(hooks: Any) -> None:
        leave(hooks)
        raise ServiceRequestError("no", error=inner)

    assert classify(send) == Unknown("ServiceRequestError")


@pytest.mark.parametrize("trouble", [OSError("a file is gone"), ValueError("a file is none")])
def test_what_is_no_error_of_the_sdk_is_placed_by_how_far_the_call_had_come(trouble: Exception) -> None:
    """A file of the identity that is gone shows as one: before the call left, it proves that nothing did."""

    def before(_hooks: Any) -> None:
        raise trouble

    def after_it_left(hooks: Any) -> None:
        leave(hooks)
        raise trouble

    def after_acceptance(hooks: Any) -> None:
        leave(hooks)
        answer = SimpleNamespace(status_code=202, headers={"Location": "https://localhost/operation"})
        hooks["raw_response_hook"](SimpleNamespace(http_response=answer))
        raise trouble

    found = classify(before)
    assert isinstance(found, Refused)
    assert (found.status, found.code) == (0, NOT_SENT)
    assert classify(after_it_left) == Unknown(type(trouble).__name__)
    accepted = classify(after_acceptance)
    assert isinstance(accepted, Accepted)
    assert accepted.location_url == "https://localhost/operation"
