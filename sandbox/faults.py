"""Scripted faults: which requests they strike and how often. What a fault does to the wire is told in wire.py."""

from dataclasses import dataclass, field
from typing import Any, Literal, get_args

FaultKind = Literal[
    "status",
    "accepted_then_lost",
    "reset_before",
    "accepted_then_status",
    "slow",
    "operation_failed",
    "no_operation_headers",
    "foreign_operation_host",
    "operation_gone",
]
KINDS: tuple[str, ...] = get_args(FaultKind)
_DEFAULT_STATUS = {"status": 500, "accepted_then_status": 503, "operation_gone": 404}


class SenselessFaultError(ValueError):
    """A script that could never do what its author meant."""


@dataclass(frozen=True)
class Match:
    verb: str = ""
    path_contains: str = ""
    vm: str = ""

    def strikes(self, method: str, path: str, vm: str | None) -> bool:
        """`vm` is a machine's id, lower case; a script names it by id or by name."""
        names = {vm, vm.rpartition("/")[2]} if vm else set()
        return (
            self.verb.upper() in ("", method)
            and self.path_contains.lower() in path.lower()
            and (not self.vm or self.vm.lower() in names)
        )


@dataclass
class Fault:
    fault: str
    match: Match = field(default_factory=Match)
    status: int = 0
    retry_after: int | None = None
    code: str = ""
    message: str = ""
    seconds: float = 1.0
    host: str = "https://management.evil.example"
    times: int = 1

    @property
    def name(self) -> str:
        """As the ledger spells it: the kind, and what status is answered, or how late, where that is a part of it."""
        if self.fault == "slow":
            return f"slow:{self.seconds:g}"
        return f"{self.fault}:{self.status}" if self.status else self.fault

    @classmethod
    def parse(cls, script: dict[str, Any]) -> "Fault":
        if script.get("fault") not in KINDS:
            raise SenselessFaultError(f"fault must be one of {', '.join(KINDS)}, not {script.get('fault')!r}")
        try:
            match = Match(**script.get("match", {}))
            fault = cls(**{**script, "match": match})
        except TypeError as error:
            raise SenselessFaultError(f"unknown field in the fault: {error}") from error
        fault.status = fault.status or _DEFAULT_STATUS.get(fault.fault, 0)
        return fault
