"""Makes a long log and has the sealer seal it: python -m tests.bench.audit.filling COUNT. Prints seconds of each."""

import json
import sys
import time

import django

django.setup()

from django.apps import apps  # Django comes first
from django.db import connection
from django.utils import timezone

from portal.audit.sealing.anchors import anchor_checkpoints
from portal.audit.sealing.sealer import seal_audit_log
from portal.audit.text_indexes import install_text_indexes, remove_text_indexes
from portal.postgresql import unhurried
from tests.bench.audit.copying import insert
from tests.bench.audit.stories import events


def main(count: int) -> None:
    """Fills, seals, anchors; then the database's own statistics, as autovacuum would."""
    with unhurried(connection):
        begin = time.monotonic()
        with connection.schema_editor() as editor:
            remove_text_indexes(apps, editor)  # made in one go afterwards, in a tenth of the time
        insert(events(count))
        install_text_indexes()
        filled = time.monotonic()
        while seal_audit_log(now=timezone.now()).added:
            pass
        anchor_checkpoints(now=timezone.now())
        sealed = time.monotonic()
        with connection.cursor() as cursor:
            cursor.execute("VACUUM ANALYZE" if connection.vendor == "postgresql" else "ANALYZE")
    print(json.dumps({"filled_s": round(filled - begin, 1), "sealed_s": round(sealed - filled, 1)}))


if __name__ == "__main__":
    main(int(sys.argv[1]))
