"""One write to Azure and what came of it: accepted, refused, or unknown. Decides nothing about what to do next."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from azure.core.exceptions import AzureError as SdkError
from azure.core.exceptions import ClientAuthenticationError, HttpResponseError, ServiceRequestError
from django.conf import settings

from reimage.azure.errors import cloud_error, retry_after_seconds

# Statuses after which nothing was executed. 408 and every 5xx may have been (AZURE.md, measured).
DEFINITE_REFUSALS = frozenset({400, 401, 403, 404, 405, 409, 410, 412, 413, 415, 422, 429})


@dataclass(frozen=True, slots=True)
class Accepted:
    """200 or 202. The addresses are Azure's own, whole; empty where it sent none."""

    status: int
    operation_url: str
    location_url: str
    request_id: str


@dataclass(frozen=True, slots=True)
class Refused:
    """Nothing was executed: Azure said no, or nothing left this machine (status 0)."""

    status: int
    code: str
    message: str
    retry_after: int | None = None


@dataclass(frozen=True, slots=True)
class Unknown:
    """Azure may or may not have accepted it."""

    reason: str
    status: int = 0


CallOutcome = Accepted | Refused | Unknown


class _Answer:
    """Keeps the initial response: the SDK's poller hides its headers."""

    status = 0
    headers: Mapping[str, str] = {}

    def __call__(self, pipeline_response: Any) -> None:
        self.status = pipeline_response.http_response.status_code
        self.headers = pipeline_response.http_response.headers


def classify(send: Callable[[Callable[[Any], None]], object]) -> CallOutcome:
    """Calls `send(hook)` once, where hook is the SDK's raw_response_hook, and classifies what happened.

    Never raises for what the network or Azure did. Exception texts are not kept: they may echo the body.
    """
    answer = _Answer()
    try:
        send(answer)
    except ClientAuthenticationError as err:
        return Refused(err.status_code or 401, "AuthenticationFailed", "Azure did not accept the portal's identity.")
    except HttpResponseError as err:
        return _classify_status(err)
    except ServiceRequestError as err:
        return _classify_unsent(err)
    except SdkError as err:
        return Unknown(type(err).__name__)
    if answer.status not in (200, 202):
        return Unknown("UnexpectedStatus", answer.status)
    return Accepted(
        status=answer.status,
        operation_url=answer.headers.get("Azure-AsyncOperation", ""),
        location_url=answer.headers.get("Location", ""),
        request_id=answer.headers.get("x-ms-request-id", ""),
    )


def _classify_status(err: HttpResponseError) -> CallOutcome:
    status = err.status_code or 0
    found = cloud_error(err)
    if status not in DEFINITE_REFUSALS:
        return Unknown(found.code or "HttpStatus", status)
    return Refused(status, found.code, found.message, retry_after_seconds(err.response))


def _classify_unsent(err: ServiceRequestError) -> CallOutcome:
    """Only a connection that was never made proves that nothing left."""
    causes = f"{type(err.inner_exception).__name__} {err.inner_exception}"
    never_connected = any(
        name in causes for name in ("NewConnectionError", "ConnectTimeout", "NameResolutionError", "SSLError")
    )
    if never_connected:
        return Refused(0, "NotSent", "Azure Resource Manager could not be reached; nothing was sent.")
    return Unknown(type(err).__name__)


def is_trusted_address(url: str) -> bool:
    """Whether an operation's address is on the configured ARM host: no token goes anywhere else."""
    wanted, given = urlsplit(settings.AZURE_RESOURCE_MANAGER), urlsplit(url)
    return (given.scheme, given.netloc.lower()) == (wanted.scheme, wanted.netloc.lower())
