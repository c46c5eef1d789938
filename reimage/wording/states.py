"""What states, groups of them and machines' power states are called."""

from collections.abc import Mapping

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy

from reimage.domain.operation_states import OperationState
from reimage.domain.request_states import RequestState

REQUEST_STATES: Mapping[str, Promise] = {
    RequestState.DRAFT: gettext_lazy("Draft"),
    RequestState.PENDING_APPROVAL: gettext_lazy("Waiting for approval"),
    RequestState.APPROVED: gettext_lazy("Approved"),
    RequestState.EXECUTING: gettext_lazy("Running"),
    RequestState.COMPLETED: gettext_lazy("Completed"),
    RequestState.COMPLETED_WITH_PROBLEMS: gettext_lazy("Completed with problems"),
    RequestState.FAILED: gettext_lazy("Failed"),
    RequestState.REJECTED: gettext_lazy("Rejected"),
    RequestState.CANCELED: gettext_lazy("Canceled"),
    RequestState.EXPIRED: gettext_lazy("Expired"),
}

OPERATION_STATES: Mapping[str, Promise] = {
    OperationState.PLANNED: gettext_lazy("Planned"),
    OperationState.AWAITING_APPROVAL: gettext_lazy("Waiting for approval"),
    OperationState.AWAITING_PASSWORD: gettext_lazy("Waiting for the password"),
    OperationState.QUEUED: gettext_lazy("Queued"),
    OperationState.PREFLIGHT: gettext_lazy("Checking the machine"),
    OperationState.SETTING_DELETE_OPTION: gettext_lazy("Changing deleteOption"),
    OperationState.SUBMITTING: gettext_lazy("Sending to Azure"),
    OperationState.IN_PROGRESS: gettext_lazy("Azure is reimaging"),
    OperationState.VERIFYING: gettext_lazy("Verifying the result"),
    OperationState.OUTCOME_UNKNOWN: gettext_lazy("Outcome unknown, looking for evidence"),
    OperationState.NEEDS_ATTENTION: gettext_lazy("Needs an administrator"),
    OperationState.SUCCEEDED: gettext_lazy("Reimaged"),
    OperationState.FAILED: gettext_lazy("Failed"),
    OperationState.CANCELED: gettext_lazy("Canceled"),
    OperationState.DRIFTED: gettext_lazy("Stopped: differs from the approved plan"),
    OperationState.EXPIRED: gettext_lazy("Expired"),
}

POWER_STATES = {
    "running": gettext_lazy("Running"),
    "starting": gettext_lazy("Starting"),
    "stopping": gettext_lazy("Stopping"),
    "stopped": gettext_lazy("Stopped, still allocated"),
    "deallocating": gettext_lazy("Deallocating"),
    "deallocated": gettext_lazy("Stopped and deallocated"),
}

REQUEST_GROUPS = {
    "": gettext_lazy("All"),
    "open": gettext_lazy("Open"),
    "pending": gettext_lazy("Waiting for approval"),
    "running": gettext_lazy("Running"),
    "failed": gettext_lazy("With problems"),
    "ended": gettext_lazy("Ended"),
}
