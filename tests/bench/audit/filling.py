"""Makes a long log and has the sealer seal it: python -m tests.bench.audit.filling COUNT. Prints seconds of each."""

import json
import sys
import time
from collections.abc import Iterable, Iterator
from itertools import islice

import django

django.setup()

from django.db import connection, transaction  # noqa: E402  # Django comes first
from django.utils import timezone  # noqa: E402

from portal.audit.insertion import COLUMNS, MARKS, row_of  # noqa: E402
from portal.audit.projection import columns_of  # noqa: E402
from portal.audit.sealing.anchors import anchor_checkpoints  # noqa: E402
from portal.audit.sealing.sealer import seal_audit_log  # noqa: E402
from tests.bench.audit.stories import Written, events  # noqa: E402

BATCH = 20_000


def rows_of(written: Iterable[Written]) -> Iterator[list[object]]:
    """Each event's columns as the database takes them."""
    for event in written:
        yield row_of(columns_of(event.body) | {"body": event.body, "digest": event.digest})


def insert(rows: Iterator[list[object]]) -> None:
    """In transactions of BATCH."""
    while batch := list(islice(rows, BATCH)):
        with transaction.atomic(), connection.cursor() as cursor:
            if connection.vendor == "postgresql":
                with cursor.copy(f"COPY audit_auditevent ({COLUMNS}) FROM STDIN") as copy:
                    for row in batch:
                        copy.write_row(row)
            else:
                cursor.executemany(f"INSERT INTO audit_auditevent ({COLUMNS}) VALUES ({MARKS})", batch)


def main(count: int) -> None:
    """Fills, seals, anchors; then the database's own statistics, as autovacuum would."""
    begin = time.monotonic()
    insert(rows_of(events(count)))
    filled = time.monotonic()
    while seal_audit_log(now=timezone.now()).added:
        pass
    anchor_checkpoints(now=timezone.now())
    sealed = time.monotonic()
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE" if connection.vendor == "postgresql" else "ANALYZE")
    print(json.dumps({"filled_s": round(filled - begin, 1), "sealed_s": round(sealed - filled, 1)}))  # noqa: T201


if __name__ == "__main__":
    main(int(sys.argv[1]))
