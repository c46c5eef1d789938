"""Runs one approved operation to its end, a worker dying on the way as often as a test wants."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from reimage.domain.operation_states import WORKER_STATES, OperationState
from reimage.models import ReimageOperation
from reimage.services import execution
from tests.azure_fixtures import forget_clients
from tests.crashes.failpoints import Death, Failpoints, WorkerDied, at_label, at_number
from tests.crashes.promises import broken_promises, end_of
from tests.crashes.scripts import UNDISTURBED, End, Script
from tests.crashes.whole_state import undone
from tests.sandbox_process import SandboxProcess
from tests.stories import age, let_lease_lapse, make_due

MAX_STEPS = 60
STEP = timedelta(seconds=40)  # Azure takes 60 s: one look finds it running, the next finds it ended


@dataclass(frozen=True)
class Outcome:
    """The points reached between one death and the next, what came to Azure, and what was broken in the end."""

    reached: list[list[str]]
    ledger: list[dict[str, Any]]
    broken: list[str]
    end: End


@dataclass(frozen=True)
class Campaign:
    """An approved operation; each run begins there again, with Azure as it was and the script's faults before it."""

    operation: ReimageOperation
    sandbox: SandboxProcess
    script: Script = UNDISTURBED

    def run(self, *deaths: Death) -> Outcome:
        """Dies at each of these in turn, then goes on to the end."""
        with self.from_the_start():
            reached = list(self._lives(*deaths))
            broken = [f"{deaths} were not all met"] if len(reached) <= len(deaths) else []
            broken = broken or broken_promises(self.operation, self.sandbox, self.script)
            return Outcome(reached, self.sandbox.ledger(), broken, end_of(self.operation, self.sandbox))

    def dies_at(self, number: int) -> Iterator[Outcome]:
        """Once at the point of this number; then twice.

        The second time is at the same point, or, where the recovery never comes by, at the first point of its own.
        """
        once = self.run(at_number(number))
        yield once
        point, recovery = once.reached[0][-1], once.reached[1]
        if point in recovery:
            yield self.run(at_number(number), at_label(point))
        elif recovery:
            own = [found for found in recovery if found not in once.reached[0]]
            yield self.run(at_number(number), at_label([*own, recovery[0]][0]))

    def dies_everywhere(self) -> dict[str, list[str]]:
        """Every point of the way, once and twice: what was broken, by the points of death."""
        undisturbed = self.run()
        assert (undisturbed.broken, undisturbed.end) == ([], self.script.end)
        points = undisturbed.reached[0]
        assert len(points) >= self.script.fewest_points, "the instrument is blind"
        found, ends = {}, {undisturbed.end}
        for number in self.script.deaths(points):
            for outcome in self.dies_at(number):
                ends.add(outcome.end)
                if outcome.broken:
                    found[" then ".join(life[-1] for life in outcome.reached[:-1])] = outcome.broken
        if never := self.script.ends - ends:
            found["never"] = [f"it ended as {end}" for end in sorted(never)]
        return found

    @contextmanager
    def from_the_start(self) -> Iterator[None]:
        """Whatever is done in the block is undone after it; Azure is as it was before it."""
        with undone():
            self.sandbox.reset()
            forget_clients()
            self.operation.refresh_from_db()
            self.script.faults(self.sandbox)
            yield

    def _lives(self, *deaths: Death) -> Iterator[list[str]]:
        for death in deaths:
            points = Failpoints(death)
            try:
                self.live(points)
            except WorkerDied:
                let_lease_lapse(self.operation)
                yield points.reached
            else:
                return
        points = Failpoints()
        self.live(points)
        yield points.reached

    def live(self, points: Failpoints) -> None:
        """A worker's steps until none is left to take, or until it dies."""
        for _ in range(MAX_STEPS):
            self._time_passes()
            if self.operation.state not in WORKER_STATES:
                return
            make_due(self.operation)
            with points.watching():
                execution.advance_operation(self.operation.pk)

    def _time_passes(self) -> None:
        self.operation.refresh_from_db()
        unknown = self.operation.state == OperationState.OUTCOME_UNKNOWN
        passed = self.script.looks_after if unknown else STEP
        if unknown:
            age(self.operation, passed)
        self.sandbox.advance_clock(passed.total_seconds())
        self.script.meanwhile(self.sandbox, self.operation)
