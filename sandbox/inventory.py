"""All machines, found by id and listed in order. Remembers which differ from the seed; knows no wire."""

from bisect import bisect_right
from collections.abc import Iterable
from itertools import islice

from sandbox.machines import Machine, resource_group_id


class Inventory:
    def __init__(self, machines: Iterable[Machine]) -> None:
        self._machines = {machine.key: machine for machine in machines}
        self._scopes: dict[str, list[str]] = {}
        self._index_scopes()
        self.changed: set[str] = set()

    def __len__(self) -> int:
        return len(self._machines)

    def find(self, key: str) -> Machine | None:
        return self._machines.get(key.lower())

    def all(self) -> Iterable[Machine]:
        return self._machines.values()

    def put(self, machine: Machine) -> None:
        is_new = machine.key not in self._machines
        self._machines[machine.key] = machine
        if is_new:
            self._index_scopes()
        self.changed.add(machine.key)

    def remove(self, key: str) -> None:
        if self._machines.pop(key, None) is not None:
            self._index_scopes()
        self.changed.add(key)

    def has_scope(self, scope: str) -> bool:
        """Whether a subscription or resource group id holds (or once held) a machine."""
        return scope.lower() in self._scopes

    def count(self, scope: str) -> int:
        return len(self._scopes.get(scope.lower(), ()))

    def page(self, scope: str, after: str, size: int) -> list[Machine]:
        """The next `size` machines of a scope, by id, after the key `after` ("" begins)."""
        keys = self._scopes.get(scope.lower(), [])
        first = bisect_right(keys, after)
        return [self._machines[key] for key in islice(keys, first, first + size)]

    def _index_scopes(self) -> None:
        """Keys in order per subscription and resource group; a group stays known when its last machine goes."""
        self._scopes = {scope: [] for scope in self._scopes}
        for key in sorted(self._machines):
            machine = self._machines[key]
            group = resource_group_id(machine.subscription_id, machine.resource_group)
            for scope in (f"/subscriptions/{machine.subscription_id}", group.lower()):
                self._scopes.setdefault(scope, []).append(key)
