"""All machines, found by id and listed in order. Remembers which differ from the seed; knows no wire."""

from bisect import bisect_right
from collections.abc import Iterable
from itertools import islice

from sandbox.machines import Machine, resource_group_id


class Inventory:
    def __init__(self, machines: Iterable[Machine]) -> None:
        self._machines = {machine.key: machine for machine in machines}
        self._scopes: dict[str, list[str]] | None = None
        self.changed: set[str] = set()

    def __len__(self) -> int:
        return len(self._machines)

    def find(self, key: str) -> Machine | None:
        return self._machines.get(key.lower())

    def named(self, name: str) -> list[Machine]:
        return [machine for machine in self._machines.values() if machine.name.lower() == name.lower()]

    def all(self) -> Iterable[Machine]:
        return self._machines.values()

    def put(self, machine: Machine) -> None:
        if machine.key not in self._machines:
            self._scopes = None
        self._machines[machine.key] = machine
        self.changed.add(machine.key)

    def remove(self, key: str) -> None:
        if self._machines.pop(key, None) is not None:
            self._scopes = None
        self.changed.add(key)

    def has_scope(self, scope: str) -> bool:
        """Whether a subscription or resource group id holds (or once held) a machine."""
        return scope.lower() in self._by_scope()

    def count(self, scope: str) -> int:
        return len(self._by_scope().get(scope.lower(), ()))

    def page(self, scope: str, after: str, size: int) -> list[Machine]:
        """The next `size` machines of a scope, by id, after the key `after` ("" begins)."""
        keys = self._by_scope().get(scope.lower(), [])
        first = bisect_right(keys, after)
        return [self._machines[key] for key in islice(keys, first, first + size)]

    def _by_scope(self) -> dict[str, list[str]]:
        if self._scopes is None:
            self._scopes = {}
            for key in sorted(self._machines):
                machine = self._machines[key]
                subscription = f"/subscriptions/{machine.subscription_id}"
                group = resource_group_id(machine.subscription_id, machine.resource_group)
                for scope in ("", subscription, group.lower()):
                    self._scopes.setdefault(scope, []).append(key)
        return self._scopes
