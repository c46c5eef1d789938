"""A life cycle as one declared table, checked when it is imported. Knows no particular state."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Generic, TypeVar

from reimage.domain.errors import DomainError

State = TypeVar("State", bound=StrEnum)


class LifeCycleError(DomainError):
    """The declared table contradicts itself: a mistake of ours, found at import."""


class LifeCycle(Generic[State]):
    """`table` says for every state where it may go next. A state that goes nowhere is terminal."""

    def __init__(
        self,
        states: type[State],
        *,
        initial: State,
        terminal: frozenset[State],
        table: Mapping[State, tuple[State, ...]],
    ) -> None:
        self.states = states
        self.initial = initial
        self.terminal = terminal
        self.table = dict(table)
        self._check()

    def allowed(self, source: State, target: State) -> bool:
        return target in self.table[source]

    def sources(self, target: State) -> frozenset[State]:
        """The states from which the target may be entered: what a compare-and-set update filters on."""
        return frozenset(source for source, targets in self.table.items() if target in targets)

    def mermaid(self) -> str:
        """A Mermaid state diagram, for documents that are generated and compared."""
        moves = [f"{source} --> {target}" for source, targets in self.table.items() for target in targets]
        ends = [f"{state} --> [*]" for state in self.table if state in self.terminal]
        return "\n    ".join(["stateDiagram-v2", f"[*] --> {self.initial}", *moves, *ends]) + "\n"

    def reachable(self) -> frozenset[State]:
        seen: set[State] = set()
        waiting = [self.initial]
        while waiting:
            state = waiting.pop()
            if state not in seen:
                seen.add(state)
                waiting.extend(self.table[state])
        return frozenset(seen)

    def _check(self) -> None:
        everything = frozenset(self.states)
        named = {target for targets in self.table.values() for target in targets}
        _refuse("not in the table", everything - self.table.keys())
        _refuse("not a state", (self.table.keys() | named | self.terminal | {self.initial}) - everything)
        _refuse("without a way on", {state for state, targets in self.table.items() if not targets} - self.terminal)
        _refuse("terminal, but goes on", {state for state in self.terminal if self.table[state]})
        _refuse(
            "going to itself or twice to one state", {s for s, to in self.table.items() if len({s, *to}) <= len(to)}
        )
        _refuse("out of reach", everything - self.reachable())


def _refuse(what: str, states: set[State] | frozenset[State]) -> None:
    if states:
        raise LifeCycleError(f"{what}: {', '.join(sorted(str(state) for state in states))}")
