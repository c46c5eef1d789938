"""Work that one process does at a time: a mark in its row, which ends by itself where whoever set it died."""

from datetime import datetime, timedelta

from django.db.models import Q

HOLD = timedelta(seconds=60)  # longer than the work takes


def is_free(now: datetime) -> Q:
    """Rows that nobody holds. A mark further ahead than any clock would set it is from before a clock was set back.

    Twice HOLD, as hosts need not agree on the second: what one of them holds is not free to another that is behind.
    """
    return Q(held_until=None) | Q(held_until__lt=now) | Q(held_until__gt=now + 2 * HOLD)
