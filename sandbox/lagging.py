"""What Resource Graph sees: the inventory as it was a while ago. Knows machines, not queries."""

from copy import copy
from datetime import datetime, timedelta

from sandbox.inventory import Inventory
from sandbox.machines import Machine


class LaggingView:
    def __init__(self, inventory: Inventory, lag_seconds: float) -> None:
        self._inventory = inventory
        self._lag = timedelta(seconds=lag_seconds)
        # Per machine: (until when it looked like this, how it looked; None if it did not exist), oldest first.
        self._past: dict[str, list[tuple[datetime, Machine | None]]] = {}

    def remember(self, key: str, now: datetime) -> None:
        """Call before a machine changes: this is how it looks until now."""
        if self._lag:
            self._past.setdefault(key, []).append((now, copy(self._inventory.find(key))))

    def page(self, scope: str, after: str, size: int, now: datetime) -> list[Machine]:
        """The next machines of a subscription, by id, after the key `after`."""
        if not self._lag:
            return self._inventory.page(scope, after, size)
        return self._seen(scope, after, now)[:size]

    def count(self, scope: str, now: datetime) -> int:
        return len(self._seen(scope, "", now)) if self._lag else self._inventory.count(scope)

    def _seen(self, scope: str, after: str, now: datetime) -> list[Machine]:
        current = {machine.key for machine in self._inventory.page(scope, after, len(self._inventory))}
        past = {key for key in self._past if key.startswith(f"{scope.lower()}/") and key > after}
        rows = (self._as_seen(key, now - self._lag) for key in sorted(current | past))
        return [row for row in rows if row is not None]

    def _as_seen(self, key: str, moment: datetime) -> Machine | None:
        for until, looked in self._past.get(key, ()):
            if until > moment:
                return looked
        return self._inventory.find(key)
