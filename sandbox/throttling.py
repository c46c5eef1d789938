"""Azure's compute throttling: token buckets per machine and per subscription and region.

Numbers: https://learn.microsoft.com/azure/virtual-machines/compute-throttling-limits
"""

import math
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class Policy:
    name: str
    per_minute: float
    burst: int


UPDATE_VM_RESOURCE = Policy("Microsoft.Compute/UpdateVMResource", 4, 12)
UPDATE_VM_SUBSCRIPTION = Policy("Microsoft.Compute/UpdateVMSubscriptionMaximum", 500, 1500)


class Bucket:
    def __init__(self, policy: Policy, now: datetime) -> None:
        self.policy = policy
        self._tokens = float(policy.burst)
        self._filled_at = now

    def refill(self, now: datetime) -> None:
        minutes = max(0.0, (now - self._filled_at).total_seconds() / 60)
        self._tokens = min(self.policy.burst, self._tokens + minutes * self.policy.per_minute)
        self._filled_at = now

    @property
    def remaining(self) -> int:
        return int(self._tokens)

    @property
    def retry_after_seconds(self) -> int:
        return max(1, math.ceil((1 - self._tokens) * 60 / self.policy.per_minute))

    def take(self) -> None:
        self._tokens -= 1

    def leave(self, tokens: float) -> None:
        self._tokens = min(self._tokens, tokens)


@dataclass(frozen=True)
class Allowance:
    """What throttling says to one request: the header for its answer, and the refusal if there is one."""

    header: str
    refused_by: Policy | None = None
    retry_after_seconds: int = 0


class Throttle:
    def __init__(self) -> None:
        self._buckets: dict[tuple[str, str], Bucket] = {}
        self._left: float = UPDATE_VM_SUBSCRIPTION.burst

    def leave(self, updates: int) -> None:
        """As if others had used up each subscription and region but for so many updates."""
        self._left = updates
        for (name, _), bucket in self._buckets.items():
            if name == UPDATE_VM_SUBSCRIPTION.name:
                bucket.leave(updates)

    def take_update(self, machine_key: str, subscription_id: str, location: str, now: datetime) -> Allowance:
        """Spend one "Update VM" (PATCH and reimage both count as one), unless a bucket is empty."""
        buckets = (
            self._bucket(UPDATE_VM_SUBSCRIPTION, f"{subscription_id}/{location}", now),
            self._bucket(UPDATE_VM_RESOURCE, machine_key, now),
        )
        empty = next((bucket for bucket in buckets if bucket.remaining < 1), None)
        if empty is None:
            for bucket in buckets:
                bucket.take()
        header = ",".join(f"{bucket.policy.name};{bucket.remaining}" for bucket in buckets)
        return Allowance(header, empty.policy, empty.retry_after_seconds) if empty else Allowance(header)

    def _bucket(self, policy: Policy, name: str, now: datetime) -> Bucket:
        bucket = self._buckets.get((policy.name, name))
        if bucket is None:
            bucket = self._buckets[policy.name, name] = Bucket(policy, now)
            if policy is UPDATE_VM_SUBSCRIPTION:
                bucket.leave(self._left)
        bucket.refill(now)
        return bucket
