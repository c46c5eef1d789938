"""What was weighed, in sentences and values, as the audit log or the row keeps it. Decides nothing.

Whatever is missing, or another version wrote, is left out or shown as it is: the log outlives the code.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.utils.translation import gettext as _

from portal.audit.labels import label_of
from reimage import audit_actions, wording
from reimage.templatetags.reimage_pages import duration

MARK = "looked_at"  # no other evidence that was ever recorded has it
VALUES = (
    "vm_id_before",
    "vm_id_seen",
    "os_disk_id_before",
    "os_disk_id_seen",
    "provisioning_state_before",
    "provisioning_state",
    "unanswered_since",
    "looked_at",
)
TIMES = frozenset({"looked_at", "unanswered_since"})
OF_LOG = {trace: f"log_{trace}" for trace in ("succeeded", "begun", "failed", "refused", "absent", "unreadable")}
Evidence = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class WeighedView:
    """What it is called, what it says, and the values behind that, each with its name."""

    title: str
    sentences: list[str]
    values: list[tuple[str, str]]


def weighed_view(action: str, evidence: object) -> WeighedView | None:
    """None where nothing of that kind was recorded."""
    if not isinstance(evidence, Mapping) or MARK not in evidence:
        return None
    is_settled = action == audit_actions.OPERATION_SETTLED.name
    title = _("What the portal knew when the administrator decided") if is_settled else _("What was weighed")
    values = [(label_of(name), _value(name, evidence[name])) for name in _told(evidence)]
    return WeighedView(title, list(_sentences(evidence)), values)


def moment_text(value: object) -> str:
    """A recorded time in the zone that the page is in; what is none, as it is."""
    try:
        return date_format(localtime(datetime.fromisoformat(str(value))), "Y-m-d H:i:s T")
    except (ValueError, OverflowError):
        return str(value)


def _told(evidence: Evidence) -> Iterator[str]:
    """The VM id speaks only where it is another one."""
    is_another = _is_another_machine(evidence)
    for name in VALUES:
        if evidence.get(name) not in (None, "") and (is_another or not name.startswith("vm_id")):
            yield name


def _value(name: str, value: object) -> str:
    return moment_text(value) if name in TIMES else str(value)


def _sentences(evidence: Evidence) -> Iterator[str]:
    """As the page of a case has them, and in its order."""
    accepted_at, busy_at, quiet = (evidence.get(name) for name in ("accepted_at", "busy_at", "quiet_seconds"))
    yield _said("accepted", moment_text(accepted_at)) if accepted_at else _said("not_accepted")
    if busy_at:
        yield _said("seen_busy", moment_text(busy_at))
    if isinstance(quiet, int) and quiet:
        yield _said("seen_quiet", duration(quiet))
    if machine := _of_machine(evidence):
        yield _said(machine)
    if log := _of_log(evidence):
        yield _said(log)


def _said(code: str, time: str = "") -> str:
    return str(wording.EVIDENCE[code]) % {"time": time}


def _of_machine(evidence: Evidence) -> str:
    """Empty where no look was taken, or none was answered."""
    if evidence.get("is_gone"):
        return "machine_gone"
    if not evidence.get("vm_id_seen"):
        return ""
    if _is_another_machine(evidence):
        return "another_machine"
    if evidence.get("is_ephemeral"):
        return "disk_tells_nothing"
    before, seen = (str(evidence.get(f"os_disk_id_{when}") or "").lower() for when in ("before", "seen"))
    if not seen:
        return "disk_not_shown"
    if not before:
        return ""
    return "disk_unchanged" if seen == before else "disk_replaced"


def _of_log(evidence: Evidence) -> str:
    """Beside a machine that was seen also that the log was not asked."""
    if evidence.get("activity_log") is None:
        return "log_not_asked" if evidence.get("vm_id_seen") else ""
    return OF_LOG.get(str(evidence["activity_log"]), "")


def _is_another_machine(evidence: Evidence) -> bool:
    seen = evidence.get("vm_id_seen")
    return bool(seen) and seen != evidence.get("vm_id_before")
