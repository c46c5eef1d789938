"""How long until the next look: Azure's Retry-After, else the configured interval with some jitter."""

import random

from django.conf import settings

JITTER = 0.2  # of the interval, so that a thousand operations do not poll at once


def poll_seconds(retry_after: int | None = None) -> float:
    """Seconds until the next look at an operation."""
    if retry_after:
        return float(retry_after)
    return float(settings.OPERATION_POLL_SECONDS) * random.uniform(1 - JITTER, 1 + JITTER)  # noqa: S311
