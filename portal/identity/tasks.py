"""What Celery runs for people and sessions."""

import structlog
from celery import shared_task
from django.utils import timezone

from portal.errors import Unavailable
from portal.identity.account_check import check_accounts
from portal.identity.accounts import AccountsUnknown
from portal.identity.open_sessions import end_expired_sessions
from portal.identity.rate_limits import forget_counts
from portal.identity.session_store import SessionStore

log = structlog.get_logger(__name__)


@shared_task
def clear_sessions() -> None:
    """Ends the sessions that nobody came back to; deletes the rows that Django leaves, and past counts."""
    now = timezone.now()
    end_expired_sessions(now=now)
    SessionStore.clear_expired()
    forget_counts(now=now)


@shared_task(throws=(AccountsUnknown, Unavailable))
def end_sessions_of_closed_accounts() -> None:
    """Signs out whose account is closed. Fails while that is unknown: a probe finds that none ends any more."""
    try:
        ended = check_accounts()
    except (AccountsUnknown, Unavailable) as err:
        log.warning("accounts.unknown", cause=str(err))
        raise
    if ended:
        log.info("accounts.sessions_ended", sessions=ended)
