"""The fault campaign: python -m tests.chaos --seed 7 [--quick] [--minutes 2], or --seeds 1-20 for a table of many.

One line of JSON on standard output for each seed; exit code 1 if a promise broke. Progress goes to standard error.
"""

import argparse
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.chaos.campaign import run
from tests.chaos.options import of_one, parse
from tests.chaos.report import report_in, table_head, table_row
from tests.chaos.scale import FULL, QUICK
from tests.chaos.telling import say


def main() -> int:
    options = parse(sys.argv[1:], description=__doc__ or "")
    os.environ["PASSWORD_MODE"] = options.password_mode  # the installation's settings come from here
    signal.signal(signal.SIGTERM, _end)
    if options.seeds:
        return _many(options)
    size = QUICK if options.quick else FULL
    if options.minutes:
        size = size.lasting(options.minutes)
    folder = Path(tempfile.mkdtemp(prefix="reimage-portal-chaos-"))
    passed = False
    try:
        report = run(folder, seed=options.seed, size=size, embedded=options.embedded)
        passed = bool(report["passed"])
    finally:
        if options.keep or not passed:  # whoever asks why it failed needs its logs
            say(f"logs and data are kept in {folder}")
        else:
            shutil.rmtree(folder, ignore_errors=True)
    print(json.dumps(report), flush=True)
    return 0 if passed else 1


def _end(*_: object) -> None:
    """So that every process is ended on the way out, which nothing may cut short."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    sys.exit(143)


def _many(options: argparse.Namespace) -> int:
    """One campaign after the other, each in a process of its own; then the table, as docs/reliability.md holds it."""
    first, _, last = options.seeds.partition("-")
    reports = []
    for seed in range(int(first), int(last or first) + 1):
        command = [sys.executable, "-m", "tests.chaos", *of_one(options, seed)]
        finished = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
        report = report_in(finished.stdout, seed=seed)
        print(json.dumps(report), flush=True)
        reports.append(report)
    print("\n".join([table_head(), *(table_row(report) for report in reports)]), file=sys.stderr)
    return 0 if all(report["passed"] for report in reports) else 1


if __name__ == "__main__":
    sys.exit(main())
