"""Azure's long-running operations: one plain GET per call, decided by the body's status. Never sleeps."""

import json
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from azure.core.exceptions import AzureError as SdkError

from reimage.azure.calls import is_trusted_address
from reimage.azure.clients import get
from reimage.azure.errors import refuses_identity, retry_after_seconds


class PollStatus(StrEnum):
    """What one look told. GONE: Azure does not know the operation (any more), which proves nothing.

    UNAUTHENTICATED and FORBIDDEN are about the portal, not about the operation.
    """

    IN_PROGRESS = "InProgress"
    SUCCEEDED = "Succeeded"
    FAILED = "Failed"
    CANCELED = "Canceled"
    GONE = "Gone"
    NO_ANSWER = "NoAnswer"
    UNAUTHENTICATED = "Unauthenticated"
    FORBIDDEN = "Forbidden"
    UNTRUSTED = "Untrusted"


UNUSUAL = {401: PollStatus.UNAUTHENTICATED, 403: PollStatus.FORBIDDEN, 404: PollStatus.GONE}


@dataclass(frozen=True, slots=True)
class Poll:
    """One look at an operation; code and message are Azure's own where it failed, times as Azure writes them."""

    status: PollStatus
    code: str = ""
    message: str = ""
    retry_after: int | None = None
    http_status: int = 0


def poll_operation(subscription_id: str, url: str) -> Poll:
    """Looks once at an `Azure-AsyncOperation` address, which must be on the configured ARM host."""
    if not is_trusted_address(url):
        return Poll(PollStatus.UNTRUSTED)
    try:
        response = get(subscription_id, url)
        body = json_object(response.text())
    except (OSError, ValueError) as err:  # a file of the identity's, or AZURE_CA_BUNDLE, is gone: it may come back
        return Poll(PollStatus.NO_ANSWER, code=type(err).__name__)
    except SdkError as err:
        status = PollStatus.UNAUTHENTICATED if refuses_identity(err) else PollStatus.NO_ANSWER
        return Poll(status, code=type(err).__name__)
    retry_after = retry_after_seconds(response)
    if response.status_code != 200:
        status = UNUSUAL.get(response.status_code, PollStatus.NO_ANSWER)
        code = f"HTTP {response.status_code}"
        return Poll(status, code=code, retry_after=retry_after, http_status=response.status_code)
    return _by_status(body, retry_after)


def _by_status(body: dict[str, Any], retry_after: int | None) -> Poll:
    """Any status that is not one of the three final ones means that it still runs (ARM's rule)."""
    status = str(body.get("status") or "")
    error = body.get("error")
    error = error if isinstance(error, dict) else {}
    final = next((known for known in PollStatus if known.value.lower() == status.lower()), PollStatus.IN_PROGRESS)
    if final not in (PollStatus.SUCCEEDED, PollStatus.FAILED, PollStatus.CANCELED):
        return Poll(PollStatus.IN_PROGRESS if status else PollStatus.NO_ANSWER, retry_after=retry_after)
    return Poll(final, code=str(error.get("code") or ""), message=str(error.get("message") or ""))


def json_object(text: str) -> dict[str, Any]:
    """The JSON object of an answer, empty for anything else."""
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return document if isinstance(document, dict) else {}
