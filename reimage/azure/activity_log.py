"""The Activity Log: the one place where Azure tells what became of a call, by its client-request-id, minutes late.

Its words: https://learn.microsoft.com/azure/azure-monitor/platform/activity-log-schema
"""

import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any
from urllib.parse import quote
from uuid import UUID

from django.conf import settings

from reimage.azure.calls import is_trusted_address
from reimage.azure.clients import get
from reimage.azure.errors import AzureUnavailable, VirtualMachineNotFound, reading
from reimage.azure.operations import json_object
from reimage.domain.resource_ids import VirtualMachineId

ACTIVITY_LOG_API_VERSION = "2015-04-01"
CLOCKS_DIFFER = timedelta(hours=6)  # at most; a wide window costs nothing, for the client-request-id is exact
MAX_PAGES = 10
_HTTP_STATUS = re.compile(r"\(HTTP Status Code: (\d{3})\)")  # e.g. "Conflict (HTTP Status Code: 409)"
_STATUS_BY_NAME = {"accepted": "202", "conflict": "409", "toomanyrequests": "429"}
_REFUSED_FOR_NOW = frozenset({"409", "429"})
_REIMAGE = "microsoft.compute/virtualmachines/reimage/action"


class Trace(StrEnum):
    """What the log says of a call. ABSENT may only mean: not yet; BEGUN: accepted, but how it ended is not told yet.

    REFUSED: answered with 409 or 429, and nothing says, so far, that it was accepted as well.
    """

    ABSENT = "absent"
    REFUSED = "refused"
    BEGUN = "begun"
    SUCCEEDED = "succeeded"
    FAILED = "failed"


def find_reimage_call(vm_id: VirtualMachineId, *, client_request_id: UUID, since: datetime) -> Trace:
    """Looks for the events of one reimage POST that did not leave before `since`, the portal's clock.

    Raises AzureIdentityRefused, AzureRefused or AzureUnavailable where the log cannot be read whole.
    """
    condition = f"eventTimestamp ge '{(since - CLOCKS_DIFFER).isoformat()}' and resourceUri eq '{vm_id}'"
    url = (
        f"{settings.AZURE_RESOURCE_MANAGER}/subscriptions/{vm_id.subscription_id}/providers/Microsoft.Insights"
        f"/eventtypes/management/values?api-version={ACTIVITY_LOG_API_VERSION}&$filter={quote(condition)}"
    )
    try:
        with reading():
            return _trace(_events_of(client_request_id, list(_events(vm_id.subscription_id, url))))
    except VirtualMachineNotFound as err:  # 404: of the log, which says nothing of the machine
        raise AzureUnavailable(err.message, code=err.code, status=err.status) from None


def _events(subscription_id: str, url: str) -> Iterator[dict[str, Any]]:
    """Page by page; only on the configured host, for the portal's token goes along."""
    for _page in range(MAX_PAGES):
        response = get(subscription_id, url)
        response.raise_for_status()
        page = json_object(response.text())
        if not isinstance(page["value"], list):
            raise TypeError("the events are no list")
        yield from page["value"]
        url = str(page.get("nextLink") or "")
        if not url:
            return
        if not is_trusted_address(url):
            raise ValueError("the next page is on a foreign host")
    raise ValueError("the log has too many pages")


def _events_of(client_request_id: UUID, events: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Those of the call, and of what it began: Azure's later events of one call tell no `httpRequest`, but correlate.

    A policy that looked at the call has events of its own, under the same ids.
    """
    reimages = [event for event in events if _value(event, "operationName").lower() in ("", _REIMAGE)]
    told = [event for event in reimages if _is_of(event, client_request_id)]
    correlated = {str(event["correlationId"]) for event in told if event.get("correlationId")}
    return told + [
        event for event in reimages if not event.get("httpRequest") and str(event.get("correlationId")) in correlated
    ]


def _is_of(event: dict[str, Any], client_request_id: UUID) -> bool:
    call = event.get("httpRequest")
    return isinstance(call, dict) and str(call.get("clientRequestId", "")).lower() == str(client_request_id)


def _trace(events: list[dict[str, Any]]) -> Trace:
    """A refused call may have a Started event too: its end decides.

    Something on the way may have passed it on twice: then one arrival was refused, and what became of the other counts.
    """
    states = {_value(event, "status") for event in events}
    if "succeeded" in states:
        return Trace.SUCCEEDED
    ends = [_answers(event) for event in events if _value(event, "status") in ("failed", "canceled")]
    if any(not answers & _REFUSED_FOR_NOW for answers in ends):
        return Trace.FAILED
    was_accepted = "accepted" in states or any("202" in _answers(event) for event in events)
    if ends and not was_accepted:
        return Trace.REFUSED
    return Trace.BEGUN if was_accepted or "started" in states else Trace.ABSENT


def _answers(event: dict[str, Any]) -> set[str]:
    """The HTTP statuses that it names: `subStatus` by a name, and by name and number for people; or, where that is
    empty, its properties."""
    texts = [
        _text(event, "subStatus", "value"),
        _text(event, "subStatus", "localizedValue"),
        _text(event, "properties", "statusCode"),
    ]
    names = [text.replace(" ", "").lower() for text in texts]
    return {number for text in texts for number in _HTTP_STATUS.findall(text)} | {
        _STATUS_BY_NAME[name] for name in names if name in _STATUS_BY_NAME
    }


def _value(event: dict[str, Any], name: str) -> str:
    value = _text(event, name, "value")
    return value.lower() if name == "status" else value


def _text(event: dict[str, Any], name: str, part: str) -> str:
    found = event.get(name)
    return str(found.get(part) or "") if isinstance(found, dict) else ""
