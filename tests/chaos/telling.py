"""What a campaign tells while it runs: on standard error, because standard output is for its one line of JSON."""

import sys
import time

_BEGUN = time.monotonic()


def say(line: str) -> None:
    print(f"chaos {time.monotonic() - _BEGUN:6.1f} s  {line}", file=sys.stderr, flush=True)
