"""Each state as a shape, a word and a tone. A state without a badge is a KeyError, and a test finds it before."""

from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


@dataclass(frozen=True)
class Badge:
    """`tone` names a class of parts.css, `icon` a shape of icons.svg."""

    tone: str
    icon: str
    label: str | Promise


STATES = {
    # of a request
    "draft": Badge("quiet", "queued", _("Draft")),
    "pending_approval": Badge("wait", "clock", _("Waiting for approval")),
    "approved": Badge("info", "check", _("Approved")),
    "executing": Badge("info", "running", _("Running")),
    "completed": Badge("good", "check", _("Completed")),
    "completed_with_problems": Badge("warn", "warning", _("Completed with problems")),
    "rejected": Badge("bad", "stop", _("Rejected")),
    "expired": Badge("quiet", "expired", _("Expired")),
    # of an operation
    "planned": Badge("quiet", "queued", _("Planned")),
    "awaiting_approval": Badge("wait", "clock", _("Waiting for approval")),
    "queued": Badge("info", "queued", _("Queued")),
    "preflight": Badge("info", "search", _("Checking before the run")),
    "setting_delete_option": Badge("info", "disk", _("Changing deleteOption")),
    "submitting": Badge("info", "arrow", _("Sending to Azure")),
    "in_progress": Badge("info", "running", _("Azure is reimaging")),
    "verifying": Badge("info", "search", _("Verifying the result")),
    "outcome_unknown": Badge("warn", "question", _("Outcome unknown")),
    "needs_attention": Badge("bad", "warning", _("Needs attention")),
    "succeeded": Badge("good", "check", _("Reimaged")),
    "drifted": Badge("warn", "changed", _("Changed since it was approved")),
    # of both
    "failed": Badge("bad", "cross", _("Failed")),
    "canceled": Badge("quiet", "stop", _("Canceled")),
}

DELETE_OPTIONS = {
    "Detach": Badge("good", "disk", _("The old OS disk is kept")),
    "Delete": Badge("danger", "trash", _("The old OS disk will be DELETED")),
}
OLD_DISK_LOST = Badge("danger", "trash", _("Ephemeral: its content will be LOST"))
