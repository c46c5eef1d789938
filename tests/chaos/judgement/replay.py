"""The audit log alone tells each life, of operations and requests: replayed, it must end where the database says.

A table of our own, on purpose: were it the product's, both could be wrong together.
"""

from collections.abc import Iterable, Mapping

from tests.chaos.evidence import Event

# action -> the states it may be found in. What it leads to is below, for some by what the event says.
FROM: Mapping[str, frozenset[str]] = {
    "preflight.started": frozenset({"queued"}),
    "delete_option.requested": frozenset({"preflight", "setting_delete_option"}),
    "delete_option.accepted": frozenset({"setting_delete_option"}),
    "delete_option.refused": frozenset({"setting_delete_option"}),
    "delete_option.lost": frozenset({"setting_delete_option"}),
    "delete_option.confirmed": frozenset({"preflight", "setting_delete_option"}),
    "reimage_operation.intended": frozenset({"preflight", "setting_delete_option"}),
    "reimage_operation.accepted": frozenset({"submitting"}),
    "reimage_operation.refused": frozenset({"submitting"}),
    "reimage_operation.lost": frozenset({"submitting", "in_progress"}),
    "reimage_operation.reconciled": frozenset({"outcome_unknown"}),
    "azure_operation.ended": frozenset({"in_progress"}),
    "reimage_operation.succeeded": frozenset({"verifying"}),
    "reimage_operation.failed": frozenset({"queued", "preflight", "setting_delete_option", "submitting"}),
    "reimage_operation.drifted": frozenset({"queued", "preflight", "setting_delete_option"}),
    "reimage_operation.escalated": frozenset({"submitting", "outcome_unknown", "in_progress", "verifying"}),
    "reimage_operation.canceled": frozenset({"awaiting_approval", "queued", "preflight", "setting_delete_option"}),
    "reimage_operation.settled": frozenset({"needs_attention"}),
}
TO: Mapping[str, str] = {
    "preflight.started": "preflight",
    "delete_option.requested": "setting_delete_option",
    "reimage_operation.intended": "submitting",
    "reimage_operation.lost": "outcome_unknown",
    "reimage_operation.succeeded": "succeeded",
    "reimage_operation.failed": "failed",
    "reimage_operation.drifted": "drifted",
    "reimage_operation.escalated": "needs_attention",
    "reimage_operation.canceled": "canceled",
}
WHOLE_REQUEST = {
    "reimage_request.submitted": "awaiting_approval",
    "reimage_request.approved": "queued",
    "reimage_request.rejected": "canceled",
    "reimage_request.canceled": "canceled",
    "reimage_request.expired": "canceled",
}

REQUEST_TO = {
    "reimage_request.submitted": "pending_approval",
    "reimage_request.approved": "approved",
    "reimage_request.rejected": "rejected",
    "reimage_request.canceled": "canceled",
    "reimage_request.expired": "expired",
}
# With the first of these its request can no longer be withdrawn.
BEGINNING = frozenset(f"reimage_operation.{what}" for what in ("intended", "failed", "drifted", "escalated"))


def replayed(operation: int, events: Iterable[Event]) -> tuple[str, list[str]]:
    """Where the events of its request leave this operation, and what in them cannot have happened so."""
    state, gaps = "planned", []
    for event in events:
        if event.action in WHOLE_REQUEST:
            state = WHOLE_REQUEST[event.action]
        elif event.detail.get("operation") == operation and event.action in FROM:
            if state not in FROM[event.action]:
                gaps.append(f"operation {operation}: {event.action} out of {state}")
            state = _next(state, event)
    return state, gaps


def replayed_request(events: Iterable[Event]) -> str:
    """Where its events leave a request."""
    state = "draft"
    for event in events:
        if event.action == "reimage_request.finished":
            state = str(event.detail["outcome"])
        elif event.action in REQUEST_TO:
            state = REQUEST_TO[event.action]
        elif state == "approved" and event.action in BEGINNING:
            state = "executing"
    return state


def _next(state: str, event: Event) -> str:
    detail = event.detail
    match event.action:
        case "reimage_operation.accepted":
            codes = {"operation_address_foreign": "needs_attention", "operation_address_missing": "outcome_unknown"}
            return codes.get(str(detail.get("code")), "in_progress")
        case "reimage_operation.refused":
            return "outcome_unknown" if detail.get("status") in (409, 429) else "queued"
        case "reimage_operation.reconciled":
            ends = {"activity_log_failed": "failed", "refusal_borne_out": "queued"}
            return ends.get(str(detail.get("code")), "verifying")
        case "azure_operation.ended":
            return "verifying" if detail.get("status") == "Succeeded" else "failed"
        case "reimage_operation.settled":
            return "verifying" if detail.get("executed") else "failed"
    return TO.get(event.action, state)
