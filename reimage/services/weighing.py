"""What was weighed where evidence decided, or did not: kept in the audit event, beside what was concluded from it.

Asks nobody: it tells what a look showed, and what the operation's row knows.
"""

from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime

from reimage.domain.virtual_machine import VirtualMachineFacts, busy_violations
from reimage.models import ReimageOperation
from reimage.services.leases import QUIET, QUIET_AT

WEIGHED = "weighed"  # in the evidence: what was weighed before an administrator was asked


@dataclass(slots=True)
class Look:
    """One look at Azure, filled in as the answers come; nothing of it where none was taken.

    `at` is the database's time. `facts` is None where Azure told none; `trace` is a word of Trace or UNREADABLE, None
    where the log was not asked. `unanswered_since` is the first of the looks that failed in a row.
    """

    at: datetime | None = None
    facts: VirtualMachineFacts | None = None
    is_gone: bool = False
    trace: str | None = None
    quiet_seconds: int | None = None
    unanswered_since: datetime | None = None


def weighed(operation: ReimageOperation, look: Look) -> dict[str, object]:
    """For the audit event and for the row. Times as ISO text; None for what is not known, or was not asked."""
    before, seen = operation.evidence, look.facts
    is_busy = seen is not None and bool(busy_violations(seen))
    quiet_seconds = before.get(QUIET) if look.quiet_seconds is None else look.quiet_seconds
    return {
        "accepted_at": _text(operation.accepted_at),
        "busy_at": _text(look.at) if is_busy else _since_the_call(operation, before.get("busy_at")),
        "vm_id_before": before.get("vm_id"),
        "vm_id_seen": seen.vm_id if seen else None,
        "is_gone": look.is_gone,
        "is_ephemeral": bool(operation.stored_plan.get("ephemeral")),
        "os_disk_id_before": before.get("os_disk_id"),
        "os_disk_id_seen": seen.os_disk.resource_id if seen else None,
        "provisioning_state_before": before.get("provisioning_state"),
        "provisioning_state": seen.provisioning_state if seen else None,
        "activity_log": None if look.trace is None else str(look.trace),
        "quiet_seconds": 0 if is_busy else quiet_seconds,
        "looked_at": _text(look.at) or before.get(QUIET_AT) or _since_the_call(operation, before.get("busy_at")),
        "unanswered_since": _text(look.unanswered_since),
    }


def known_of(operation: ReimageOperation) -> dict[str, object]:
    """What the row has: as weighed when an administrator was asked; else without a look."""
    known = operation.evidence.get(WEIGHED)
    return known if isinstance(known, dict) else weighed(operation, Look())


def _text(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None


def _since_the_call(operation: ReimageOperation, moment: str | None) -> str | None:
    """Unless an earlier attempt left it behind, or it is damaged: what is given up must not fail at that."""
    with suppress(ValueError, TypeError):
        if moment and operation.submitted_at and datetime.fromisoformat(moment) >= operation.submitted_at:
            return moment
    return None
