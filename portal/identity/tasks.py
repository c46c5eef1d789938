"""What Celery runs for people and sessions."""

from celery import shared_task
from django.utils import timezone

from portal.identity.open_sessions import end_expired_sessions
from portal.identity.rate_limits import forget_counts
from portal.identity.session_store import SessionStore


@shared_task
def clear_sessions() -> None:
    """Ends the sessions that nobody came back to; deletes the rows that Django leaves, and past counts."""
    now = timezone.now()
    end_expired_sessions(now=now)
    SessionStore.clear_expired()
    forget_counts(now=now)
