"""The whole verification: events, tree, checkpoints, anchors, and whether sealing keeps up."""

import gc
import multiprocessing
import time
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from datetime import datetime, timedelta
from pathlib import Path

from django.db import connection, connections
from django.db.models import Q

from portal.audit.models import AuditCheckpoint
from portal.audit.sealing.keys import TrustedKey
from portal.audit.sealing.sealer import unsealed_events
from portal.audit.verification.anchors import as_of_now, check_anchors
from portal.audit.verification.checkpoints import verified_checkpoints
from portal.audit.verification.doubled import doubled_rows
from portal.audit.verification.events import Segment, broken_chains, check_segment
from portal.audit.verification.personal import misplaced_texts
from portal.audit.verification.reading import impossible_checkpoints, rows, sealed_end
from portal.audit.verification.tables import check_tables
from portal.audit.verification.tree import TreeCheck
from portal.audit.verification.verdict import Verdict
from portal.postgresql import unhurried

SEGMENT = 1 << 15
PROCESSES = 2
GRACE = timedelta(seconds=30)
# In one statement: a sealer that is at work meanwhile has added leaves and checkpoint, or neither. Each part alone is
# one look into the index; for an OR over the rows, or both ends in one SELECT, a database would read every leaf.
_LEAVES_BEYOND = """
    SELECT 1 WHERE (SELECT MIN(leaf_index) FROM audit_auditleaf) < 0
    OR (SELECT MAX(leaf_index) FROM audit_auditleaf)
      >= (SELECT COALESCE(MAX(tree_size), 0) FROM audit_auditcheckpoint)
    OR EXISTS (SELECT 1 FROM audit_auditleaf WHERE leaf_index IS NULL)
"""


def verify_audit_log(
    *, trusted: Sequence[TrustedKey], anchor_file: Path, now: datetime, processes: int = PROCESSES
) -> Verdict:
    """Reads every sealed event. What is sealed meanwhile is left for the next time."""
    begun = time.monotonic()
    with as_of_now(anchor_file) as anchors:  # first: what they know is sealed by now
        with unhurried(connection):
            verdict = Verdict(sealed=sealed_end())
            check_tables(verdict)
        tree = TreeCheck(verified_checkpoints(trusted, verdict, up_to=verdict.sealed), verdict)
        late = _check_events(tree, verdict, processes)
        with unhurried(connection):  # these go over the whole log at once
            tree.finish()
            verdict.found(broken_chains())
            verdict.found(misplaced_texts(verdict.sealed))
            verdict.found(doubled_rows())
            check_anchors(anchors, anchor_file, trusted, verdict)
            _check_ends(verdict, now, now + timedelta(seconds=time.monotonic() - begun))
    if late:
        numbers = ", ".join(f"#{number}" for number in late)
        verdict.remarks.append(f"sealed long after they say they happened, or before, among others: {numbers}")
    return verdict


def _check_events(tree: TreeCheck, verdict: Verdict, processes: int) -> list[int]:
    """Part by part. Returns the numbers of some that were sealed long after they say they happened, or before."""
    late: list[int] = []
    for segment in _segments(verdict.sealed, processes):
        verdict.add(segment.verdict)
        late = (late + segment.late)[:5]
        tree.add(segment)
    return late


def _check_ends(verdict: Verdict, begun_at: datetime, now: datetime) -> None:
    """What is beyond the last checkpoint, and beyond the last anchor; what was recorded or sealed meanwhile is not."""
    if impossible := impossible_checkpoints():
        verdict.found([f"{impossible} checkpoints claim a size that the log cannot have had"])
    if rows(_LEAVES_BEYOND):
        beyond = f"before the first place or beyond the last checkpoint, of {sealed_end()} events"
        verdict.found([f"there are leaves {beyond}"])
    waiting = unsealed_events(thorough=True)
    is_late = Q(occurred_at__lt=begun_at - GRACE) | Q(occurred_at__isnull=True)  # a superuser can take a time away
    if late := waiting.filter(is_late).count():
        verdict.behind.append(f"{late} events wait for the sealer longer than {GRACE.seconds} seconds")
    if early := waiting.filter(occurred_at__gt=now + GRACE).count():
        verdict.behind.append(
            f"{early} events wait for the sealer with a time in the future: a clock was ahead, or set back"
        )
    of_another_time = Q(sealed_at__lt=begun_at - GRACE) | Q(sealed_at__gt=now + GRACE)
    if AuditCheckpoint.objects.filter(of_another_time, tree_size__gt=verdict.anchored).exists():
        verdict.behind.append(f"what was sealed after #{verdict.anchored} is not anchored")


def _segments(size: int, processes: int) -> Iterator[Segment]:
    """In order; by several processes where the log is long."""
    bounds = [(start, min(start + SEGMENT, size)) for start in range(0, size, SEGMENT)]
    if processes < 2 or len(bounds) < 4:
        yield from (check_segment(*bound, size) for bound in bounds)
        return
    connections.close_all()  # a connection does not survive a fork
    gc.freeze()  # nor would the pages that all share: looking for garbage writes to every object
    try:
        yield from _by_several(bounds, size, processes)
    finally:
        gc.unfreeze()


def _by_several(bounds: Sequence[tuple[int, int]], size: int, processes: int) -> Iterator[Segment]:
    under_way: deque[Future[Segment]] = deque()
    with ProcessPoolExecutor(processes, mp_context=multiprocessing.get_context("fork")) as pool:
        for bound in bounds:
            under_way.append(pool.submit(check_segment, *bound, size))
            if len(under_way) > processes:
                yield under_way.popleft().result()
        while under_way:
            yield under_way.popleft().result()
