"""What follows from every login, whoever called it."""

from typing import Any

from django.http import HttpRequest
from django.utils import timezone

from portal.audit.middleware import address_of
from portal.identity import sessions
from portal.identity.browsers import browser_of


def start_session(*, request: HttpRequest, **_signal: Any) -> None:
    """A session without clocks counts as expired, so every login starts them, and notes where it came from."""
    sessions.begin(request.session, timezone.now())
    sessions.note_origin(
        request.session, address=address_of(request), browser=browser_of(request.headers.get("User-Agent", ""))
    )
