"""The phases of a campaign: people ask while harm is done, then quiet, then judgement. Each is bounded in time."""

import time
from contextlib import ExitStack

from tests.chaos import aftermath, registry
from tests.chaos.control import Control
from tests.chaos.evidence import Evidence
from tests.chaos.feeding import Feeder
from tests.chaos.gathering import gather
from tests.chaos.installation import Installation
from tests.chaos.mischief import Mischief
from tests.chaos.oracle import judge
from tests.chaos.recovery import Recovery
from tests.chaos.report import Report, report_of, shortcomings
from tests.chaos.scale import Scale
from tests.chaos.script import script_of
from tests.chaos.sinks import flush_to_disk, leaks
from tests.chaos.steps import steps_in
from tests.chaos.telling import say
from tests.chaos.timeline import timeline_of

GLANCE_SECONDS = 0.5
TELLING_SECONDS = 10


class Phases:
    """One run through them."""

    def __init__(self, installation: Installation, *, seed: int, size: Scale) -> None:
        self._installation, self._seed, self._size = installation, seed, size
        self._recovery = Recovery()
        self._mischief = Mischief(installation, timeline_of(seed, size), self._recovery, seed=seed)
        self._feeder = Feeder(script_of(seed, size), installation.base_url, installation.sandbox, size)
        folder = installation.folder / "control"
        self._control = Control(folder, installation.broker_url, seed=seed, tasks=size.control_tasks)
        self._told_at = 0.0

    def run(self) -> Report:
        self._feeder.prepare()
        say("everything is up: the people begin, and so does the harm")
        with ExitStack() as stack:
            self._recovery.start()
            stack.callback(self._recovery.stop)
            self._harm()
            stack.callback(self._mischief.join)
            self._control.start()
            stack.callback(self._control.end)
            self._quiet()
            self._mischief.join()
            duplicates = self._control.duplicates()
        say(f"the negative control wiped {duplicates} machines again")
        return self._judge(duplicates)

    def _harm(self) -> None:
        """Until everything was asked for, and the harm has gone on for as long as it should."""
        began = time.monotonic()
        self._feeder.start()
        self._mischief.start()
        try:
            while not self._feeder.is_done or time.monotonic() - began < self._size.mischief_seconds:
                time.sleep(GLANCE_SECONDS)
                self._tell(f"{self._feeder.operations} operations asked for")
        finally:
            self._feeder.stop()
            self._feeder.join()
            self._mischief.end_harm()
        say(f"the harm has ended after {self._mischief.kills} kills")

    def _quiet(self) -> None:
        """Until every operation has ended or waits for an administrator, and every request has followed."""
        deadline = time.monotonic() + self._size.longest_quiet_seconds
        while (unfinished := registry.unfinished()) and time.monotonic() < deadline:
            time.sleep(GLANCE_SECONDS)
            self._tell(f"waiting for {unfinished}")

    def _tell(self, line: str) -> None:
        if time.monotonic() - self._told_at > TELLING_SECONDS:
            self._told_at = time.monotonic()
            say(line)

    def _judge(self, duplicates: int) -> Report:
        verdict = judge(self._evidence())
        report = report_of(
            verdict,
            seed=self._seed,
            size=self._size,
            counts=self._counts(),
            control=duplicates,
            recovery_p95_s=self._recovery.p95_seconds,
        )
        self._tell_what_happened()
        for line in shortcomings(verdict, report, size=self._size):
            say(f"BROKEN  {line}")
        say("passed" if report["passed"] else "NOT passed")
        return report

    def _evidence(self) -> Evidence:
        """The portal's own verdict on its log comes first: by then everything is sealed and anchored."""
        installation, deeds = self._installation, self._feeder.deeds
        said = [*aftermath.unsound(installation), *aftermath.export(installation)]
        found = gather(installation.sandbox, installation.anchor_file, deeds)
        found.verified = said
        found.harms = self._mischief.harms
        found.steps = list(steps_in(installation.logs.glob("worker*.log")))
        flush_to_disk()
        sinks = leaks(
            installation.folder,
            broker=installation.broker_contents(),
            pages=aftermath.pages(installation, deeds),
            bodies=[entry["body"] for entry in installation.sandbox.ledger(action="reimage")],
        )
        found.leaks = [*self._feeder.shown, *sinks]
        return found

    def _counts(self) -> dict[str, int]:
        ledger = self._installation.sandbox.ledger()
        return {
            "operations": self._feeder.operations,
            "kills": self._mischief.kills,
            "broker_flushes": self._mischief.broker_flushes,
            "db_terminations": self._mischief.counts["cut_database"],
            "faults": sum(1 for entry in ledger if entry["fault"]),
        }

    def _tell_what_happened(self) -> None:
        say(f"harm: {dict(self._mischief.counts)}")
        say(f"recovery: {self._recovery}")
        for trouble in self._mischief.troubles:
            say(f"trouble: {trouble}")
        for reason, times in self._feeder.given_up.items():
            say(f"given up {times} times: {reason}")
