"""One write to Azure and what came of it: accepted, refused, or unknown. Decides nothing about what to do next."""

import math
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from http import HTTPStatus
from typing import Any
from urllib.parse import urlsplit

from azure.core.exceptions import AzureError as SdkError
from azure.core.exceptions import HttpResponseError
from django.conf import settings
from requests import RequestException
from urllib3.exceptions import ConnectTimeoutError, MaxRetryError, NewConnectionError

from reimage.azure.errors import (
    ENTRA_UNAVAILABLE,
    IDENTITY_REFUSED,
    cloud_error,
    refuses_identity,
    retry_after_seconds,
)
from reimage.azure.time_limits import has_departed, leaving_until, seconds_for_answer
from reimage.azure.transport import awaited

# Statuses that Azure gives while it checks the call, before it starts anything. Any other may come from a gateway that
# no longer waits for the service behind it, which may have begun. For 409 and 429 see docs/decisions/0027.
DEFINITE_REFUSALS = frozenset({400, 401, 403, 404, 409, 429})
ACCEPTING = (200, 202)
NOT_SENT = "NotSent"
NOT_AUTHENTICATED = "NotAuthenticated"
TOO_LATE = "TooLate"
HTTPS_PORT = 443
REQUEST_ID_LENGTH = 64
IDENTITY_UNREADABLE = "AZURE_CA_BUNDLE or a file of the portal's own identity cannot be read or used."
Remaining = Mapping[str, int]  # calls that Azure would still take, by policy: x-ms-ratelimit-remaining-resource


@dataclass(frozen=True, slots=True)
class Accepted:
    """200 or 202. The addresses are Azure's own, whole; empty where it sent none."""

    status: int
    operation_url: str
    location_url: str
    request_id: str
    retry_after: int | None = None
    remaining: Remaining = field(default_factory=dict, compare=False)


@dataclass(frozen=True, slots=True)
class Refused:
    """Nothing was executed: Azure said no, or nothing left this machine (status 0)."""

    status: int
    code: str
    message: str
    retry_after: int | None = None
    remaining: Remaining = field(default_factory=dict, compare=False)

    @property
    def is_of_the_identity(self) -> bool:
        """The portal itself was not accepted, whatever it asked for. With a status, a code is but a text of whoever
        answered."""
        is_without_token = self.status == 0 and self.code == NOT_AUTHENTICATED
        return self.status == HTTPStatus.UNAUTHORIZED or is_without_token


@dataclass(frozen=True, slots=True)
class Unknown:
    """Azure may or may not have accepted it."""

    reason: str
    status: int = 0
    retry_after: int | None = None
    remaining: Remaining = field(default_factory=dict, compare=False)


CallOutcome = Accepted | Refused | Unknown
Hooks = Mapping[str, Any]  # raw_request_hook and raw_response_hook


class _TooLateError(SdkError):
    """The deadline passed before anything was sent."""


class _Call:
    """What is known of one call: whether it left, and its initial response, whose headers the SDK's poller hides."""

    def __init__(self) -> None:
        self.left = False
        self.status = 0
        self.headers: Mapping[str, str] = {}

    def leaving(self, _request: Any) -> None:
        """Runs after the token was fetched, right before the wire."""
        if has_departed():
            raise _TooLateError(TOO_LATE)
        if settings.AZURE_CA_BUNDLE and not os.path.exists(settings.AZURE_CA_BUNDLE):
            raise FileNotFoundError(settings.AZURE_CA_BUNDLE)  # as the transport would, but then nobody could tell when
        self.left = True

    def answered(self, pipeline_response: Any) -> None:
        self.headers = pipeline_response.http_response.headers
        self.status = pipeline_response.http_response.status_code  # last: whoever waits no more may read both now


def classify(send: Callable[[Hooks], object], *, deadline: float = math.inf) -> CallOutcome:
    """Calls `send(hooks)` once, with the SDK's hooks as keyword arguments to pass on, and classifies what happened.

    `deadline` (monotonic seconds): from then on nothing is sent any more, and CALL_SECONDS later nobody waits for the
    answer; what it had told until then counts. Never raises for what the network or Azure did. Exception texts are not
    kept: they may echo the body.
    """
    call = _Call()
    with leaving_until(deadline):
        outcome = _make(call, send)
    return replace(outcome, remaining=remaining_calls(call.headers))


def remaining_calls(headers: Mapping[str, str]) -> Remaining:
    """`policy;count` pairs, separated by commas; whatever is not of that shape is left out."""
    pairs = (item.rpartition(";") for item in headers.get("x-ms-ratelimit-remaining-resource", "").split(","))
    return {policy.strip(): int(count[:9]) for policy, _, count in pairs if count.isascii() and count.isdecimal()}


def _make(call: _Call, send: Callable[[Hooks], object]) -> CallOutcome:
    hooks = {"raw_request_hook": call.leaving, "raw_response_hook": call.answered}
    try:
        awaited(partial(send, hooks), seconds_for_answer())
    except SdkError as err:
        if call.status not in ACCEPTING:  # else the SDK could only not make sense of the body
            return _classify_error(err, left=call.left)
    except (OSError, ValueError) as err:
        if not call.left:
            return Refused(0, NOT_SENT, f"{IDENTITY_UNREADABLE} Nothing was sent.")
        if call.status not in ACCEPTING:
            return Unknown(type(err).__name__, call.status)
    if call.status not in ACCEPTING:
        return Unknown("UnexpectedStatus", call.status)
    return Accepted(
        status=call.status,
        operation_url=call.headers.get("Azure-AsyncOperation", ""),
        location_url=call.headers.get("Location", ""),
        request_id=call.headers.get("x-ms-request-id", "")[:REQUEST_ID_LENGTH],
        retry_after=retry_after_seconds(call),
    )


def _classify_error(err: SdkError, *, left: bool) -> CallOutcome:
    if isinstance(err, _TooLateError):
        return Refused(0, TOO_LATE, "There was no time left to send it safely; nothing was sent.")
    if not left:
        if refuses_identity(err):
            return Refused(0, NOT_AUTHENTICATED, f"{IDENTITY_REFUSED} Nothing was sent.")
        return Refused(0, NOT_SENT, f"{ENTRA_UNAVAILABLE} Nothing was sent.")
    if isinstance(err, HttpResponseError) and err.status_code:
        return _classify_status(err, err.status_code)
    if _never_connected(err):
        return Refused(0, NOT_SENT, "Azure Resource Manager could not be reached; nothing was sent.")
    return Unknown(type(err).__name__)


def _classify_status(err: HttpResponseError, status: int) -> CallOutcome:
    found = cloud_error(err)
    if status not in DEFINITE_REFUSALS:
        return Unknown(found.code or "HttpStatus", status)
    return Refused(status, found.code, found.message, retry_after_seconds(err.response))


def _never_connected(err: SdkError) -> bool:
    """Only a connection that was never made proves that nothing left. A TLS error may come from reading the answer."""
    cause: object = err.inner_exception
    if isinstance(cause, RequestException) and cause.args:
        cause = cause.args[0]
    if isinstance(cause, MaxRetryError):
        cause = cause.reason
    return isinstance(cause, NewConnectionError | ConnectTimeoutError)


def is_trusted_address(url: str) -> bool:
    """Whether an operation's address is on the configured ARM host: no token goes anywhere else."""
    return _origin(url) is not None and _origin(url) == _origin(settings.AZURE_RESOURCE_MANAGER)


def _origin(url: str) -> tuple[str, int] | None:
    """Host and port of an https address without user information; None for any other text."""
    try:
        parts = urlsplit(url)
        port = parts.port or HTTPS_PORT
    except ValueError:
        return None
    if parts.scheme != "https" or not parts.hostname or "@" in parts.netloc or "\\" in parts.netloc:
        return None
    return parts.hostname.lower(), port
