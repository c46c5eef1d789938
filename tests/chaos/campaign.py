"""One campaign from beginning to end: set up, feed and harm, quiet, judge. Each phase is bounded in time."""

import os
import time
from contextlib import ExitStack
from pathlib import Path

import django

from tests.chaos import scale
from tests.chaos.control import Control
from tests.chaos.installation import Installation
from tests.chaos.report import Report, report_of, shortcomings
from tests.chaos.script import script_of
from tests.chaos.telling import say
from tests.chaos.timeline import timeline_of

GLANCE_SECONDS = 0.5


def run(folder: Path, *, seed: int, size: scale.Scale) -> Report:
    """Runs it in this folder, and reports."""
    say(f"seed {seed}: {size.operations} operations over {size.vms} machines")
    with ExitStack() as stack:
        installation = stack.enter_context(Installation(folder, seed=seed, size=size))
        os.environ.update(installation.environment_of_the_judge())
        django.setup()
        # Only now: these look into the portal's database.
        from tests.chaos.feeding import Feeder
        from tests.chaos.gathering import gather
        from tests.chaos.mischief import Mischief
        from tests.chaos.oracle import judge
        from tests.chaos.recovery import Recovery

        control = Control(folder / "control", installation.broker_url, seed=seed, tasks=size.control_tasks)
        recovery = Recovery()
        mischief = Mischief(installation, timeline_of(seed, size), recovery, seed=seed)
        feeder = Feeder(script_of(seed, size), installation.base_url, installation.sandbox, size)
        feeder.prepare()
        say("everything is up: the people begin, and so does the harm")
        feeder.start()
        recovery.start()
        mischief.start()
        try:
            _feed(feeder, size)
        finally:
            feeder.join()
            mischief.end_harm()
        say(f"the harm has ended after {mischief.kills} kills, {feeder.operations} operations were asked for")
        control.start()
        stack.callback(control.end)
        try:
            _wait_for_quiet(recovery, size)
        finally:
            mischief.join()
            recovery.stop()
        duplicates = control.duplicates()
        say(f"the negative control wiped {duplicates} machines again")
        faults = sum(1 for entry in installation.sandbox.ledger() if entry["fault"])
        evidence = gather(installation, feeder.deeds, mischief.moments)
    verdict = judge(evidence)
    for trouble in mischief.troubles:
        say(f"trouble: {trouble}")
    for reason, times in feeder.given_up.items():
        say(f"given up {times} times: {reason}")
    counts = {
        "operations": feeder.operations,
        "kills": mischief.kills,
        "broker_flushes": mischief.broker_flushes,
        "db_terminations": mischief.counts["cut_database"],
        "faults": faults,
    }
    report = report_of(
        verdict,
        seed=seed,
        wanted=size.operations,
        counts=counts,
        control=duplicates,
        recovery_p95_s=recovery.p95_seconds,
    )
    for line in shortcomings(verdict, report, wanted=size.operations):
        say(f"BROKEN  {line}")
    say("passed" if report["passed"] else "NOT passed")
    return report


def _feed(feeder: object, size: scale.Scale) -> None:
    """Until everything was asked for, and the harm has gone on for as long as it should."""
    began = time.monotonic()
    told = 0.0
    while not feeder.is_done or time.monotonic() - began < size.mischief_seconds:  # type: ignore[attr-defined]
        time.sleep(GLANCE_SECONDS)
        if time.monotonic() - told > 10:
            told = time.monotonic()
            say(f"{feeder.operations} operations asked for")  # type: ignore[attr-defined]


def _wait_for_quiet(recovery: object, size: scale.Scale) -> None:
    """Until every operation has ended or waits for an administrator, and every request has followed."""
    from tests.chaos import registry

    deadline = time.monotonic() + size.longest_quiet_seconds
    told = 0.0
    while (unfinished := registry.unfinished()) and time.monotonic() < deadline:
        time.sleep(GLANCE_SECONDS)
        if time.monotonic() - told > 10:
            told = time.monotonic()
            say(f"waiting for {unfinished}")
