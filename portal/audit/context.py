"""Where the present work comes from: address, session and HTTP request. Empty outside of a request."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

from django.contrib.sessions.backends.base import SessionBase
from django.utils.crypto import salted_hmac


@dataclass(frozen=True)
class AuditContext:
    """What every event of one HTTP request has in common."""

    address: str = ""
    http_request_id: str = ""
    session: SessionBase | None = None

    @property
    def session_reference(self) -> str:
        """Tells sessions apart; read late, since signing in changes the key."""
        key = self.session.session_key if self.session is not None else None
        return session_reference(key) if key else ""


def session_reference(key: str) -> str:
    """What a session is called in events and pages: a keyed hash that opens none."""
    return salted_hmac("portal.audit.session", key, algorithm="sha256").hexdigest()[:32]


_current: ContextVar[AuditContext] = ContextVar("audit_context")


def current_context() -> AuditContext:
    """The context of the work under way."""
    return _current.get(AuditContext())


@contextmanager
def audit_context(context: AuditContext) -> Iterator[None]:
    """Sets the context for the length of a block."""
    token = _current.set(context)
    try:
        yield
    finally:
        _current.reset(token)
