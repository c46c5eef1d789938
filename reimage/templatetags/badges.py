"""Each state as a shape, a word (of reimage.wording) and a tone. A test finds a state without a shape."""

from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from reimage import wording
from reimage.domain.operation_states import OperationState
from reimage.domain.request_states import RequestState
from reimage.domain.virtual_machine import DeleteOption


@dataclass(frozen=True)
class Badge:
    """`tone` names a class of parts.css, `icon` a shape of icons.svg."""

    tone: str
    icon: str
    label: str | Promise


SHAPES: dict[str, tuple[str, str]] = {
    RequestState.DRAFT: ("quiet", "queued"),
    RequestState.PENDING_APPROVAL: ("wait", "clock"),
    RequestState.APPROVED: ("info", "check"),
    RequestState.EXECUTING: ("info", "running"),
    RequestState.COMPLETED: ("good", "check"),
    RequestState.COMPLETED_WITH_PROBLEMS: ("warn", "warning"),
    RequestState.FAILED: ("bad", "cross"),
    RequestState.REJECTED: ("bad", "stop"),
    RequestState.CANCELED: ("quiet", "stop"),
    RequestState.EXPIRED: ("quiet", "expired"),
    OperationState.PLANNED: ("quiet", "queued"),
    OperationState.AWAITING_APPROVAL: ("wait", "clock"),
    OperationState.AWAITING_PASSWORD: ("wait", "lock"),
    OperationState.QUEUED: ("info", "queued"),
    OperationState.PREFLIGHT: ("info", "search"),
    OperationState.SETTING_DELETE_OPTION: ("info", "disk"),
    OperationState.SUBMITTING: ("info", "arrow"),
    OperationState.IN_PROGRESS: ("info", "running"),
    OperationState.VERIFYING: ("info", "search"),
    OperationState.OUTCOME_UNKNOWN: ("warn", "question"),
    OperationState.NEEDS_ATTENTION: ("bad", "warning"),
    OperationState.SUCCEEDED: ("good", "check"),
    OperationState.DRIFTED: ("warn", "changed"),
}

UNKNOWN = ("quiet", "question")  # what a later version stored, before this one was put back

DELETE_OPTIONS: dict[str, Badge] = {
    DeleteOption.DETACH: Badge("good", "disk", _("The old OS disk is kept")),
    DeleteOption.DELETE: Badge("danger", "trash", _("The old OS disk will be DELETED")),
}
OLD_DISK_LOST = Badge("danger", "trash", _("Ephemeral: its content will be LOST"))


def badge_of(state: str) -> Badge:
    """The badge of a request's or an operation's state."""
    return Badge(*SHAPES.get(state, UNKNOWN), wording.state_text(state))
