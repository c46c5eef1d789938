"""What each recorded step of an operation means, and what comes after each state: for whoever is called at night."""

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy

from reimage import audit_actions as actions
from reimage.domain.operation_states import OperationState

STEPS: dict[str, str | Promise] = {
    actions.OPERATION_PREFLIGHT.name: gettext_lazy(
        "A worker took the machine and compares approval, rights and machine with the plan."
    ),
    actions.OPERATION_DRIFTED.name: gettext_lazy(
        "Something is not as it was approved. The portal stopped; no reimage was executed."
    ),
    actions.PASSWORD_GIVEN.name: gettext_lazy(
        "The requester gave the password. It is sealed for this machine until the reimage is sent."
    ),
    actions.SECRETS_EXPIRED.name: gettext_lazy(
        "The approval ran out before this machine had come to its end. The sealed values were destroyed; "
        "no reimage can be sent with them any more."
    ),
    actions.OPERATION_EXPIRED.name: gettext_lazy("The password was not given in time. No reimage was sent."),
    actions.OPERATION_CANCELED.name: gettext_lazy("It was withdrawn before anything was sent. No reimage took place."),
    actions.DELETE_OPTION_CHANGING.name: gettext_lazy(
        "The plan changes deleteOption first. The portal is about to ask Azure for it; asking twice does no harm."
    ),
    actions.DELETE_OPTION_ACCEPTED.name: gettext_lazy(
        "Azure took the change. The portal goes on once the machine shows it."
    ),
    actions.DELETE_OPTION_REFUSED.name: gettext_lazy("Azure refused to change deleteOption."),
    actions.DELETE_OPTION_UNKNOWN.name: gettext_lazy(
        "Azure's answer did not arrive. The portal looks at the machine to see whether deleteOption changed."
    ),
    actions.DELETE_OPTION_CONFIRMED.name: gettext_lazy("The machine shows deleteOption as planned."),
    actions.OPERATION_SUBMITTING.name: gettext_lazy(
        "All checks passed. The portal wrote down that it is about to send the reimage, and what the machine was like. "
        "From here on it is sent once at most."
    ),
    actions.OPERATION_ACCEPTED.name: gettext_lazy("Azure took the reimage on. The portal never sends it again."),
    actions.OPERATION_REFUSED.name: gettext_lazy(
        "Azure refused for now, or was not reached. The portal tries again after new checks; where the answer might "
        "hide an acceptance, it first looks whether nothing was executed."
    ),
    actions.OPERATION_UNKNOWN.name: gettext_lazy(
        "Whether Azure executes the reimage is not known. The portal does not send it again, it looks for evidence."
    ),
    actions.OPERATION_RECONCILED.name: gettext_lazy("Evidence was found, and the portal concluded from it."),
    actions.OPERATION_ENDED_AT_AZURE.name: gettext_lazy("Azure says that its operation has ended."),
    actions.OPERATION_SUCCEEDED.name: gettext_lazy(
        "The portal read the machine once more and compared it with the plan."
    ),
    actions.OPERATION_FAILED.name: gettext_lazy("It ended here without a reimage by the portal."),
    actions.OPERATION_NEEDS_ATTENTION.name: gettext_lazy(
        "The evidence does not tell what happened. The portal does nothing more until an administrator decides."
    ),
    actions.OPERATION_SETTLED.name: gettext_lazy("An administrator looked and decided what happened."),
}

NEXT: dict[str, str | Promise] = {
    OperationState.PLANNED: gettext_lazy("The requester sends the request, or lets the draft go."),
    OperationState.AWAITING_APPROVAL: gettext_lazy("An approver decides. Nothing is sent before that."),
    OperationState.AWAITING_PASSWORD: gettext_lazy(
        "The requester gives the new administrator password. Nothing is sent before that; without it, this ends."
    ),
    OperationState.QUEUED: gettext_lazy("A worker checks the machine once its time has come, then sends the reimage."),
    OperationState.PREFLIGHT: gettext_lazy(
        "The worker sends the reimage if the machine is as approved, and stops if not."
    ),
    OperationState.SETTING_DELETE_OPTION: gettext_lazy(
        "The portal looks at the machine again, and sends the reimage once deleteOption is as planned."
    ),
    OperationState.SUBMITTING: gettext_lazy(
        "Azure's answer is awaited. If the worker has died, another one looks for evidence and does not send it again."
    ),
    OperationState.IN_PROGRESS: gettext_lazy(
        "Azure is at work. The portal asks it again at the time below, until it has ended."
    ),
    OperationState.VERIFYING: gettext_lazy("The portal reads the machine and compares it with the plan."),
    OperationState.OUTCOME_UNKNOWN: gettext_lazy(
        "The portal looks at the OS disk and the Activity Log again. If they tell nothing, an administrator is asked."
    ),
    OperationState.NEEDS_ATTENTION: gettext_lazy(
        "An administrator looks at the machine and its Activity Log in Azure, and settles it on the request's page."
    ),
    OperationState.SUCCEEDED: gettext_lazy("Nothing. It has ended."),
    OperationState.FAILED: gettext_lazy("Nothing. It has ended; the requester may request it again."),
    OperationState.CANCELED: gettext_lazy("Nothing. It has ended; the requester may request it again."),
    OperationState.DRIFTED: gettext_lazy("Nothing. It has ended; a new request shows the machine as it is now."),
    OperationState.EXPIRED: gettext_lazy("Nothing. It has ended; the requester may request it again."),
}

ENDED_AT_AZURE = {
    "succeeded": gettext_lazy("Azure reports success. Whether it is true is checked at the machine itself."),
    "failed": gettext_lazy("Azure reports that it began and then failed."),
    "canceled": gettext_lazy("Azure reports that it was canceled at Azure."),
}
