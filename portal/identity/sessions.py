"""How long a session may last: idle and absolute limits, kept as times inside the session itself (ASVS 5.0 7.3)."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from django.conf import settings
from django.contrib.sessions.backends.base import SessionBase

SIGNED_IN_AT = "identity.signed_in_at"
LAST_SEEN_AT = "identity.last_seen_at"
AUTHENTICATED_AT = "identity.authenticated_at"
ISSUED_AT = "identity.issued_at"  # the ID token's iat: seconds by Entra ID's clock
CONTEXTS = "identity.contexts"
LOGIN_HINT = "identity.login_hint"
ADDRESS = "identity.address"
BROWSER = "identity.browser"
WRITE_EVERY_SECONDS = 60  # a session is written at most this often for having been seen


def begin(session: SessionBase, now: datetime) -> None:
    """Starts both clocks."""
    session[SIGNED_IN_AT] = session[LAST_SEEN_AT] = int(now.timestamp())


def note_origin(session: SessionBase, *, address: str, browser: str) -> None:
    """Keeps from where the person signed in, for their list of open sessions."""
    session[ADDRESS], session[BROWSER] = address, browser


def has_expired(session: SessionBase | Mapping[str, Any], now: datetime) -> bool:
    """Whether either limit has passed. A session without times counts as expired."""
    signed_in_at, last_seen_at = session.get(SIGNED_IN_AT), session.get(LAST_SEEN_AT)
    if signed_in_at is None or last_seen_at is None:
        return True
    idle = timedelta(minutes=settings.SESSION_IDLE_MINUTES).total_seconds()
    absolute = timedelta(hours=settings.SESSION_ABSOLUTE_HOURS).total_seconds()
    at = now.timestamp()
    return bool(at - last_seen_at >= idle or at - signed_in_at >= absolute)


def touch(session: SessionBase, now: datetime) -> None:
    """Notes that the person did something."""
    if now.timestamp() - session[LAST_SEEN_AT] >= WRITE_EVERY_SECONDS:
        session[LAST_SEEN_AT] = int(now.timestamp())


def authenticated_at(session: SessionBase) -> datetime | None:
    """When the person last proved who they are: Entra ID's `auth_time`, else the time of the sign-in here."""
    seconds = session.get(AUTHENTICATED_AT) or session.get(SIGNED_IN_AT)
    return datetime.fromtimestamp(seconds, UTC) if seconds else None
