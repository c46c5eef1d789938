"""Sign-ins that a browser has begun, kept in its session by `state`: few, short-lived, each usable once."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib.sessions.backends.base import SessionBase

from portal.identity.errors import UnknownFlow

SESSION_KEY = "identity.open_flows"
MOST_OPEN_FLOWS = 5
LIFETIME_SECONDS = 600


@dataclass(frozen=True)
class OpenFlow:
    """One begun sign-in: msal's flow, the page to show afterwards, and whether it must prove a fresh sign-in."""

    flow: dict[str, Any]
    next_path: str
    is_step_up: bool = False


def remember(
    session: SessionBase, flow: dict[str, Any], *, next_path: str, now: datetime, is_step_up: bool = False
) -> None:
    """Keeps a begun sign-in; the oldest gives way when there are too many."""
    flows = session.get(SESSION_KEY, {})
    flows[flow["state"]] = {"flow": flow, "next": next_path, "begun_at": int(now.timestamp()), "step_up": is_step_up}
    newest = sorted(flows.items(), key=lambda item: item[1]["begun_at"])[-MOST_OPEN_FLOWS:]
    session[SESSION_KEY] = dict(newest)


def take(session: SessionBase, state: str, *, now: datetime) -> OpenFlow:
    """Hands out the flow once; raises UnknownFlow for any other state, a used one, or one that is too old.

    Saves the session at once: Django does not save it when the answer is a server error.
    """
    flows = session.get(SESSION_KEY, {})
    entry = flows.pop(state, None)
    if entry is None:
        raise UnknownFlow
    session[SESSION_KEY] = flows
    session.save()
    if now.timestamp() - entry["begun_at"] > LIFETIME_SECONDS:
        raise UnknownFlow
    return OpenFlow(entry["flow"], entry["next"], entry.get("step_up", False))
