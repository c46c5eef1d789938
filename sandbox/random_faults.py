"""Faults at random, reproducibly: the same seed strikes the same requests. What a fault does is told in wire.py."""

from collections import Counter
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Any

from sandbox.faults import Fault, Match, SenselessFaultError

_NUMBERS = {"status": "status", "accepted_then_status": "status", "slow": "seconds"}
_DRAWS = 2**64


@dataclass
class RandomFaults:
    """A rate for each kind, e.g. {"accepted_then_lost": 0.03, "status:429": 0.02, "slow:2.5": 0.1}.

    Struck is decided by the seed, the machine (else the path), the verb and how many such requests came before: neither
    by the order in which machines' requests arrive nor by anybody's clock. `more` is set on every fault that strikes.
    """

    seed: int
    rates: dict[str, float]
    match: Match = field(default_factory=Match)
    more: dict[str, Any] = field(default_factory=dict)
    struck: int = 0
    _seen: Counter[str] = field(default_factory=Counter, repr=False)

    @classmethod
    def parse(cls, script: dict[str, Any]) -> "RandomFaults":
        try:
            found = cls(**{**script, "match": Match(**script.get("match", {}))})
        except TypeError as error:
            raise SenselessFaultError(f"unknown or missing field in the random faults: {error}") from error
        total = sum(found.rates.values())
        if min(found.rates.values(), default=0) < 0 or not 0 < total <= 1:
            raise SenselessFaultError(f"the rates must add up to more than 0 and at most 1, not to {total:g}")
        for spelling in found.rates:
            found._fault(spelling)
        return found

    def take(self, method: str, path: str, vm: str | None) -> Fault | None:
        """The fault that this request draws, if it is one of those that are meant and lucky."""
        if not self.match.strikes(method, path, vm):
            return None
        subject = f"{method} {vm or path} {'poll' if '/operations/' in path.lower() else ''}"
        self._seen[subject] += 1
        chance = _draw(f"{self.seed}:{subject}:{self._seen[subject]}")
        for spelling, rate in self.rates.items():
            if chance < rate:
                self.struck += 1
                return self._fault(spelling)
            chance -= rate
        return None

    def _fault(self, spelling: str) -> Fault:
        kind, _, number = spelling.partition(":")
        script: dict[str, Any] = {**self.more, "fault": kind, "match": {}}
        if number:
            if kind not in _NUMBERS:
                raise SenselessFaultError(f"{kind} takes no number, so {spelling!r} cannot be meant")
            name = _NUMBERS[kind]
            script[name] = _number(number) if name == "seconds" else int(_number(number))
        return Fault.parse(script)

    def as_json(self) -> dict[str, Any]:
        """What was asked for, and how often it struck so far."""
        match = {"verb": self.match.verb, "path_contains": self.match.path_contains, "vm": self.match.vm}
        return {"seed": self.seed, "rates": self.rates, "match": match, "more": self.more, "struck": self.struck}


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError as error:
        raise SenselessFaultError(f"{text!r} is no number") from error


def _draw(text: str) -> float:
    """A number from 0 up to 1, the same for the same text."""
    return int.from_bytes(blake2b(text.encode(), digest_size=8).digest(), "big") / _DRAWS
