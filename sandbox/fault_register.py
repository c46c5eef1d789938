"""Which faults wait for requests, and who takes one. Knows neither the wire nor what a fault does."""

from dataclasses import asdict
from typing import Any

from sandbox.faults import Fault
from sandbox.random_faults import RandomFaults


class Faults:
    def __init__(self) -> None:
        self.waiting: list[Fault] = []
        self.random: list[RandomFaults] = []

    def add(self, script: dict[str, Any]) -> None:
        """A scripted fault, or random ones: {"random": {…}}. Raises SenselessFaultError."""
        if isinstance(script.get("random"), dict):
            self.random.append(RandomFaults.parse(script["random"]))
        else:
            self.waiting.append(Fault.parse(script))

    def clear(self) -> None:
        self.waiting.clear()
        self.random.clear()

    def take(self, method: str, path: str, vm: str | None) -> Fault | None:
        """The first script that strikes this request, spending one of its times; else what chance brings."""
        for fault in self.waiting:
            if fault.match.strikes(method, path, vm):
                fault.times -= 1
                if fault.times <= 0:
                    self.waiting.remove(fault)
                return fault
        # Each draws, also when another strikes: what one of them does never depends on the others.
        drawn = [faults.take(method, path, vm) for faults in self.random]
        return next((fault for fault in drawn if fault), None)

    def as_json(self) -> list[dict[str, Any]]:
        """Everything that waits, scripted faults first."""
        scripted = [asdict(fault) for fault in self.waiting]
        return [*scripted, *({"random": faults.as_json()} for faults in self.random)]
