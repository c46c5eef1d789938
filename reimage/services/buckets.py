"""Token buckets that keep the portal below Azure's rates for "Update VM", which a PATCH and a reimage both count as.

Azure's: https://learn.microsoft.com/azure/virtual-machines/compute-throttling-limits. Others call Azure too, so the
portal leaves a fifth of each to them, and more where Azure's answers say that little remains.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from reimage.azure.calls import CallOutcome
from reimage.azure.errors import MAX_RETRY_AFTER_SECONDS
from reimage.domain.plan import ReimagePlan
from reimage.models import UpdateBucket
from reimage.services.hindrance import Hindered
from reimage.services.pace import poll_seconds


@dataclass(frozen=True, slots=True)
class Limit:
    """Azure's own numbers of one policy; `policy` is its name in x-ms-ratelimit-remaining-resource."""

    policy: str
    per_minute: int
    burst: int

    @property
    def token(self) -> timedelta:
        """The time in which the portal's bucket gets one token."""
        return timedelta(minutes=1) / (self.per_minute * OURS)

    @property
    def reserve(self) -> int:
        """What is left to others, in tokens."""
        return self.burst - int(self.burst * OURS)

    @property
    def emptied(self) -> timedelta:
        """The time in which an empty bucket is full again."""
        return self.token * (self.burst - self.reserve)


OURS = 0.8
PER_REGION = Limit("Microsoft.Compute/UpdateVMSubscriptionMaximum", 500, 1_500)
PER_MACHINE = Limit("Microsoft.Compute/UpdateVMResource", 4, 12)


def refuse_while_empty(plan: ReimagePlan, now: datetime) -> None:
    """Raises Hindered if a token of either bucket would have to be waited for. Takes none."""
    limits = dict(_limits(plan))
    for bucket in UpdateBucket.objects.filter(key__in=limits):
        _next_full_at(bucket, limits[bucket.key], now)


def take(plan: ReimagePlan, now: datetime) -> None:
    """Within the intent's transaction: one token of each bucket, or Hindered."""
    for key, limit in _limits(plan):
        bucket, _created = UpdateBucket.objects.select_for_update().get_or_create(key=key, defaults={"full_at": now})
        UpdateBucket.objects.filter(pk=bucket.pk).update(full_at=_next_full_at(bucket, limit, now))


def learn(plan: ReimagePlan, outcome: CallOutcome, now: datetime) -> None:
    """Slows down by what Azure says remains; where nothing does, nobody asks before the time it names."""
    for key, limit in _limits(plan):
        left = outcome.remaining.get(limit.policy)
        if left is None or left * 2 > limit.burst:
            continue  # plenty: costs no query
        missing = limit.burst - limit.reserve - max(0, left - limit.reserve)
        pause = timedelta(seconds=outcome.retry_after or 0) if left == 0 else timedelta()
        full_at = now + limit.token * missing + pause
        UpdateBucket.objects.filter(key=key, full_at__lt=full_at).update(full_at=full_at)


def _limits(plan: ReimagePlan) -> Iterator[tuple[str, Limit]]:
    """In one order everywhere, so that two workers cannot wait for each other."""
    yield f"{plan.resource_id.subscription_id}/{plan.location}".lower(), PER_REGION
    yield plan.resource_id.key, PER_MACHINE


def _next_full_at(bucket: UpdateBucket, limit: Limit, now: datetime) -> datetime:
    furthest = now + limit.token * limit.burst + timedelta(seconds=MAX_RETRY_AFTER_SECONDS)
    known = bucket.full_at if bucket.full_at <= furthest else now  # from before the database's clock was set back
    full_at = max(known, now) + limit.token
    lacking = full_at - now - limit.emptied
    if lacking > timedelta():
        # Some later than a token is there: those who wait come one by one, not all for the same token.
        raise Hindered({"code": "own_rate_limit", "params": {}}, lacking.total_seconds() + poll_seconds())
    return full_at
