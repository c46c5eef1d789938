"""Writers that record events for some seconds: python -m tests.bench.audit.appending one|many WRITERS SECONDS FIRST.

Each transaction locks a chain, appends an event to it and has 5 ms of other work to do. All writers share `one` chain,
as they would if the log were a chain; or each has one of `many`, as each request has. Nothing else differs.
"""

import json
import sys
import threading
import time

import django

django.setup()

from django.db import connection, transaction  # Django comes first

from portal.audit.actors import Actor
from portal.audit.services import record
from reimage.audit_actions import OPERATION_ACCEPTED
from tests.bench.audit.stories import machine

OTHER_WORK_SECONDS = 0.005
ACTOR = Actor.system("worker")
TARGET = machine(1)
DETAIL = {"attempt": 1, "status": 202, "note": "Azure accepted it; what follows is in its operation."}


def append(chain: int) -> None:
    """One transaction, as a service's: lock, event, the rest of the work."""
    with transaction.atomic():
        if connection.vendor == "postgresql":  # SQLite's transaction has the whole database
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_xact_lock(%s)", [chain])
        record(action=OPERATION_ACCEPTED, actor=ACTOR, target=TARGET, subject=f"chain:{chain}", detail=DETAIL)
        time.sleep(OTHER_WORK_SECONDS)


def write(chain: int, start: threading.Barrier, seconds: float, times: list[float]) -> None:
    """Appends until the time is over, and notes how long each took."""
    append(chain)  # connected, and everything imported
    start.wait()
    now = time.monotonic()
    end = now + seconds
    while now < end:
        append(chain)
        before, now = now, time.monotonic()
        times.append(now - before)
    connection.close()


def main(chains: str, writers: int, seconds: float, first: int) -> None:
    """Threads of this process; the caller starts several processes and tells each, by a line, when to begin."""
    start, times = threading.Barrier(writers + 1), list[float]()
    numbers = [first + number if chains == "many" else 0 for number in range(writers)]
    threads = [threading.Thread(target=write, args=(number, start, seconds, times)) for number in numbers]
    for thread in threads:
        thread.start()
    print("ready", flush=True)  # read by the figure
    sys.stdin.readline()  # a line, or the end of what there is to read
    start.wait()
    for thread in threads:
        thread.join()
    print(json.dumps([round(1_000 * taken, 3) for taken in times]))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), float(sys.argv[3]), int(sys.argv[4]))
