"""Azure's answers as the portal tells them apart. Messages are Azure's own words, without bodies or secrets."""

import math
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from http import HTTPStatus

from azure.core.exceptions import AzureError as SdkError
from azure.core.exceptions import (
    ClientAuthenticationError,
    HttpResponseError,
)

from reimage.domain.errors import DomainError

MAX_MESSAGE_LENGTH = 1_000
MAX_CODE_LENGTH = 200
MAX_RETRY_AFTER_SECONDS = 1_200  # the longest that Azure's compute throttling asks for
IDENTITY_REFUSED = "The portal's own identity was not accepted."
ENTRA_UNAVAILABLE = "No token could be fetched: Entra ID, or the managed identity's endpoint, does not answer."


class AzureError(Exception):
    """Base of what this room raises; `code` and `message` are Azure's, `status` the HTTP status, 0 without one."""

    def __init__(self, message: str, *, code: str = "", status: int = 0, retry_after: int | None = None) -> None:
        super().__init__(f"{status} {code}")
        self.message = message[:MAX_MESSAGE_LENGTH]
        self.code = code[:MAX_CODE_LENGTH]
        self.status = status
        self.retry_after = retry_after


class VirtualMachineNotFound(AzureError):
    """404: there is no such machine now."""


class AzureRefused(AzureError):
    """A definite no: 400, 401, 403, 409 and their like. Repeating it unchanged will not help."""


class AzureIdentityRefused(AzureRefused):
    """The portal itself is not accepted: 401, or Entra ID gives it no token. Whoever keeps its credential must act."""


class AzureUnavailable(AzureError):
    """No usable answer to a read: throttled, broken, unreachable or unreadable. Reading again later may help."""


@dataclass(frozen=True, slots=True)
class CloudError:
    """`CloudError.error` of the reimage page: code and message, the inner ones joined to them, as long as they are."""

    code: str
    message: str


def cloud_error(err: HttpResponseError) -> CloudError:
    """Reads ApiError with its details and innererror; any other body gives the status line."""
    error = getattr(err, "error", None)
    if error is None and isinstance(err, ClientAuthenticationError):
        return CloudError(code="", message=IDENTITY_REFUSED if refuses_identity(err) else ENTRA_UNAVAILABLE)
    if error is None or not error.code:
        return CloudError(code="", message=str(err.reason or err.status_code or "no answer"))
    details = [f"{detail.code}: {detail.message}" for detail in error.details or [] if detail.code != error.code]
    inner = error.innererror if isinstance(error.innererror, Mapping) else {}
    details += [str(inner[name]) for name in ("exceptiontype", "errordetail") if inner.get(name)]
    message = " ".join([error.message or "", *details]).strip()
    return CloudError(code=error.code, message=message)


def retry_after_seconds(response: object) -> int | None:
    """Retry-After in seconds, from 1 to Azure's longest; None where there is none that makes sense.

    A date is measured against the answer's own Date, so that no clock but Azure's counts.
    https://learn.microsoft.com/azure/virtual-machines/compute-throttling-limits
    """
    headers: Mapping[str, str] = getattr(response, "headers", None) or {}
    value = str(headers.get("Retry-After") or "").strip()
    if not value.isascii():
        return None
    seconds = _whole(value) if value.isdecimal() else _until(value, str(headers.get("Date") or ""))
    return min(seconds, MAX_RETRY_AFTER_SECONDS) if seconds is not None and seconds > 0 else None


def _whole(digits: str) -> int:
    """Python refuses to read a number of thousands of digits."""
    return int(digits[:9])


def _until(moment: str, now: str) -> int | None:
    """Seconds from one HTTP date to another."""
    try:
        return math.ceil((parsedate_to_datetime(moment) - parsedate_to_datetime(now)).total_seconds())
    except (TypeError, ValueError, OverflowError):  # no date, or one of the two without a zone
        return None


@contextmanager
def reading() -> Iterator[None]:
    """Around a read: raises VirtualMachineNotFound, AzureRefused or AzureUnavailable for whatever went wrong."""
    try:
        yield
    except HttpResponseError as err:
        raise read_error(err) from None
    except SdkError as err:
        raise AzureUnavailable("Azure Resource Manager does not answer.", code=type(err).__name__) from None
    except OSError as err:  # a file of the identity's, or AZURE_CA_BUNDLE, is gone: it may come back
        raise AzureUnavailable("A file that Azure is spoken to with cannot be read.", code=type(err).__name__) from None
    except (DomainError, LookupError, TypeError, ValueError, AttributeError) as err:
        message = "Azure's answer is not of the documented shape."
        raise AzureUnavailable(message, code=f"Unreadable{type(err).__name__}") from None


def refuses_identity(err: SdkError) -> bool:
    """Whether the portal's own identity was not accepted; not that Entra ID could not be asked, or had no time."""
    if isinstance(err, ClientAuthenticationError):  # ARM's 401, or whatever azure-identity met
        return not any(map(_is_no_verdict, (err, err.inner_exception, err.__cause__)))
    return isinstance(err, HttpResponseError) and err.status_code == HTTPStatus.UNAUTHORIZED


def _is_no_verdict(met: BaseException | None) -> bool:
    """No answer, or one about whoever gives it: azure-identity raises its own from a broken connection, or a 503."""
    if isinstance(met, HttpResponseError):
        status = met.status_code or 0
        return status == HTTPStatus.TOO_MANY_REQUESTS or status >= HTTPStatus.INTERNAL_SERVER_ERROR
    return met is not None


def read_error(err: HttpResponseError) -> AzureError:
    """Sorts a failed read by HTTP status first: the same ARM code comes with several."""
    found = cloud_error(err)
    status = err.status_code or 0
    kind: type[AzureError] = AzureRefused
    if refuses_identity(err):
        kind = AzureIdentityRefused
    elif status == 404:
        kind = VirtualMachineNotFound
    elif status in (0, 408, 429) or status >= 500:
        kind = AzureUnavailable
    code = found.code or type(err).__name__
    return kind(found.message, code=code, status=status, retry_after=retry_after_seconds(err.response))
