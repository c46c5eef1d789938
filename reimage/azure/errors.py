"""Azure's answers as the portal tells them apart. Messages are Azure's own words, without bodies or secrets."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypedDict

from azure.core.exceptions import HttpResponseError

MAX_MESSAGE_LENGTH = 1_000


class AzureError(Exception):
    """Base of what this room raises; `code` and `message` are Azure's, `status` the HTTP status, 0 without one."""

    def __init__(self, message: str, *, code: str = "", status: int = 0, retry_after: int | None = None) -> None:
        super().__init__(f"{status} {code}")
        self.message = message[:MAX_MESSAGE_LENGTH]
        self.code = code
        self.status = status
        self.retry_after = retry_after


class VirtualMachineNotFound(AzureError):
    """404: there is no such machine now."""


class AzureRefused(AzureError):
    """A definite no: 400, 401, 403, 409 and their like. Repeating it unchanged will not help."""


class AzureUnavailable(AzureError):
    """No usable answer to a read: throttled, broken or unreachable. Reading again later may help."""


@dataclass(frozen=True, slots=True)
class CloudError:
    """`CloudError.error` of the reimage page: code and message, the inner ones joined to them."""

    code: str
    message: str


def cloud_error(err: HttpResponseError) -> CloudError:
    """Reads ApiError with its details and innererror; any other body gives the status line."""
    error = getattr(err, "error", None)
    if error is None or not error.code:
        return CloudError(code="", message=str(err.reason or err.status_code))
    details = [f"{detail.code}: {detail.message}" for detail in error.details or [] if detail.code != error.code]
    return CloudError(code=error.code, message=" ".join([error.message or "", *details]).strip())


def retry_after_seconds(response: object) -> int | None:
    """Retry-After in seconds, None where there is none or it is a date (ARM sends seconds)."""
    headers: Mapping[str, str] = getattr(response, "headers", None) or {}
    value = headers.get("Retry-After", "")
    return int(value) if value.isdecimal() else None


class _Known(TypedDict):
    code: str
    status: int
    retry_after: int | None


def raise_for_read(err: HttpResponseError) -> None:
    """Sorts a failed read by HTTP status first: the same ARM code comes with several."""
    found = cloud_error(err)
    status = err.status_code or 0
    known: _Known = {"code": found.code, "status": status, "retry_after": retry_after_seconds(err.response)}
    if status == 404:
        raise VirtualMachineNotFound(found.message, **known) from None
    if status == 429 or status >= 500 or status == 408 or not status:
        raise AzureUnavailable(found.message, **known) from None
    raise AzureRefused(found.message, **known) from None
