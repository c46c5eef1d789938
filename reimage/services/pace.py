"""How long until the next look (Azure's Retry-After, else an interval with some jitter), and until none is worth it."""

import random
from datetime import timedelta

from django.conf import settings

JITTER = 0.2  # of the interval, so that a thousand operations do not poll at once
PATIENCE = timedelta(hours=2)  # a reimage takes minutes


def poll_seconds(retry_after: int | None = None) -> float:
    """Seconds until the next look at an operation."""
    if retry_after:
        return float(retry_after)
    return float(settings.OPERATION_POLL_SECONDS) * random.uniform(1 - JITTER, 1 + JITTER)  # noqa: S311  # no secret
