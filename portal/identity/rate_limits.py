"""How often somebody may do something, counted in the database: one number for every process, in one statement.

A window is fixed: the first deed after it has passed begins the next one. Who is counted stands here as a keyed hash
alone. docs/decisions/0025 says why no library does this.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from ipaddress import ip_network

import structlog
from django.conf import settings
from django.db import connection
from django.http import HttpRequest
from django.utils.crypto import salted_hmac

from portal.audit.middleware import address_of
from portal.identity.models import RateCount, User

log = structlog.get_logger(__name__)
WINDOW = timedelta(minutes=10)
# RETURNING gives the number that this very statement wrote: two processes never see the same one.
COUNT = """
INSERT INTO identity_ratecount (key, window_starts_at, count) VALUES (%s, %s, 1)
ON CONFLICT (key, window_starts_at) DO UPDATE SET count = identity_ratecount.count + 1
RETURNING count
"""


@dataclass(frozen=True)
class Verdict:
    """`is_first` marks the one refusal of a window that is worth an audit event; the others say nothing new.

    `is_last` marks the last deed that is not refused.
    """

    is_refused: bool
    is_first: bool
    is_last: bool
    retry_after: int


def count(request: HttpRequest, kind: str, now: datetime, *, of: str = "") -> Verdict:
    """Counts one deed of this kind by the person, or before the sign-in by the address, and judges it.

    Each `of` has a count of its own.
    """
    seconds = int(WINDOW.total_seconds())
    window = int(now.timestamp()) // seconds * seconds
    with connection.cursor() as cursor:
        cursor.execute(COUNT, [_key(f"{kind} {of}".strip(), _who(request)), window])
        number = cursor.fetchone()[0]
    most = settings.RATE_LIMITS[kind]
    return Verdict(number > most, number == most + 1, number == most, window + seconds - int(now.timestamp()))


def forget_counts(*, now: datetime) -> None:
    """Deletes the windows that have passed."""
    RateCount.objects.filter(window_starts_at__lt=int((now - WINDOW).timestamp())).delete()


def _who(request: HttpRequest) -> str:
    if isinstance(request.user, User):
        return f"person {request.user.pk}"
    address = address_of(request)
    if not address:
        _warn_once(settings.AUDIT_ADDRESS_SOURCE)
    return f"address {_block(address)}"


@cache
def _warn_once(source: str) -> None:
    """Everybody who has not signed in then shares one rate; probes, which come past the proxy, are not counted."""
    log.warning("address.unreadable", source=source)


def _block(address: str) -> str:
    """Whoever has one IPv6 address has 2^64 of them: they are counted as one."""
    return str(ip_network(f"{address}/64", strict=False)) if ":" in address else address


def _key(kind: str, who: str) -> str:
    return salted_hmac("portal.identity.rate_limits", f"{kind} {who}", algorithm="sha256").hexdigest()
