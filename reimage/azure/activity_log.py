"""The Activity Log: the one place where Azure tells what became of a call, by its client-request-id, minutes late."""

from datetime import datetime
from enum import StrEnum
from typing import Any
from urllib.parse import quote
from uuid import UUID

from azure.core.exceptions import AzureError as SdkError
from django.conf import settings

from reimage.azure.clients import get
from reimage.azure.operations import json_object
from reimage.domain.resource_ids import VirtualMachineId

ACTIVITY_LOG_API_VERSION = "2015-04-01"


class Trace(StrEnum):
    """What the log says of a call. ABSENT may only mean: not yet; BEGUN: accepted, but how it ended is not told yet."""

    ABSENT = "absent"
    BEGUN = "begun"
    SUCCEEDED = "succeeded"
    FAILED = "failed"


def find_reimage_call(vm_id: VirtualMachineId, *, client_request_id: UUID, since: datetime) -> Trace:
    """Looks for the event of one reimage POST. A log that cannot be read is as good as one without the event."""
    condition = f"eventTimestamp ge '{since.isoformat()}' and resourceUri eq '{vm_id}'"
    url = (
        f"{settings.AZURE_RESOURCE_MANAGER}/subscriptions/{vm_id.subscription_id}/providers/Microsoft.Insights"
        f"/eventtypes/management/values?api-version={ACTIVITY_LOG_API_VERSION}&$filter={quote(condition)}"
    )
    try:
        response = get(vm_id.subscription_id, url)
        events = json_object(response.text()).get("value") if response.status_code == 200 else []
    except SdkError:
        return Trace.ABSENT
    return _trace([event for event in events or [] if _is_of(event, client_request_id)])


def _is_of(event: dict[str, Any], client_request_id: UUID) -> bool:
    call = event.get("httpRequest")
    return isinstance(call, dict) and str(call.get("clientRequestId", "")).lower() == str(client_request_id)


def _trace(events: list[dict[str, Any]]) -> Trace:
    """A refused call has a Started event too: its end decides."""
    states = {str((event.get("status") or {}).get("value", "")).lower() for event in events}
    if states & {"failed", "canceled"}:
        return Trace.FAILED
    if "succeeded" in states:
        return Trace.SUCCEEDED
    return Trace.BEGUN if states & {"started", "accepted"} else Trace.ABSENT
