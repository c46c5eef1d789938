"""What Azure, or somebody beside the portal, does to one operation, and how it may end, worker alive or dead."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from portal.identity.models import User
from reimage.domain.operation_states import OperationState
from reimage.models import ReimageOperation
from tests.sandbox_process import SandboxProcess
from tests.stories import approved

POST = {"verb": "POST", "path_contains": "/reimage"}
PATCH = {"verb": "PATCH"}
AFTER_POST = "after POST reimage by reimaging.submit"
ACCEPTED = "after commit by reimaging._accepted"
SETTLED = "after commit by reconciliation._settle_executed"
QUARANTINE = timedelta(minutes=21)  # over at the first look for evidence, of which there may be none
End = tuple[int, str, str]  # POSTs that Azure accepted, the operation's state, why it is in it


def unsent(state: OperationState, code: str = "") -> End:
    """Azure accepted nothing."""
    return 0, state, code


def asked(code: str, *, accepted: int = 0) -> End:
    """An administrator decides."""
    return accepted, OperationState.NEEDS_ATTENTION, code


SUCCEEDED: End = (1, OperationState.SUCCEEDED, "")
NO_EVIDENCE = asked("no_evidence")


def nothing(_sandbox: SandboxProcess, _operation: ReimageOperation) -> None:
    """Nobody does anything."""


@dataclass(frozen=True)
class Script:
    """How the operation ends undisturbed, and which other ends a death may bring about: each of them has to occur.

    `faults` strike from the start on. `meanwhile` is what happens before each step. Deaths begin at the point
    `strikes_at` and end at `is_over_at`: before and after them it goes as without the script, and others die there.
    """

    end: End = SUCCEEDED
    after_death: frozenset[End] = frozenset()
    posts: int = 1
    machine: str = "web-03"
    settings: dict[str, Any] = field(default_factory=dict)
    faults: Callable[[SandboxProcess], None] = lambda _sandbox: None
    meanwhile: Callable[[SandboxProcess, ReimageOperation], None] = nothing
    strikes_at: str = ""
    is_over_at: str = ""
    fewest_points: int = 30  # fewer, and the instrument is blind
    looks_after: timedelta = QUARANTINE

    def deaths(self, points: list[str]) -> range:
        """Of the points that it reaches undisturbed, the numbers of those that are its own."""
        first = points.index(self.strikes_at) if self.strikes_at else 0
        return range(first, points.index(self.is_over_at, first) + 1 if self.is_over_at else len(points))

    @property
    def ends(self) -> frozenset[End]:
        """However many died."""
        return self.after_death | {self.end}

    def approved(self, alice: User, bob: User) -> ReimageOperation:
        """What a worker may begin with."""
        return approved(alice, bob, self.machine, **self.settings).operations.get()


UNDISTURBED = Script(after_death=frozenset({NO_EVIDENCE}), looks_after=timedelta(minutes=6))


def faults(*scripted: dict[str, Any]) -> Callable[[SandboxProcess], None]:
    """One after the other, each once unless it says otherwise."""

    def script(sandbox: SandboxProcess) -> None:
        for one in scripted:
            sandbox.faults(one["fault"], **{name: value for name, value in one.items() if name != "fault"})

    return script


def answered(status: int, match: dict[str, str] | None = None, **more: Any) -> dict[str, Any]:
    """One refusal."""
    return {"fault": "status", "match": match or POST, "status": status, **more}
