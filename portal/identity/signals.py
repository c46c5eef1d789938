"""What follows from every login, whoever called it."""

from typing import Any

from django.http import HttpRequest
from django.utils import timezone

from portal.identity import sessions


def start_session_clocks(*, request: HttpRequest, **_signal: Any) -> None:
    """A session without clocks counts as expired, so every login starts them."""
    sessions.begin(request.session, timezone.now())
