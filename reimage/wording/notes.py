"""Why an operation waits or stopped, and what differed afterwards."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext_lazy

from reimage.wording.violations import VIOLATIONS

NOTES: Mapping[str, Any] = {
    **VIOLATIONS,
    "virtual_machine_busy": gettext_lazy(
        "Azure is busy with this machine (%(provisioning_state)s). The portal tries again by itself."
    ),
    "azure_unavailable": gettext_lazy("Azure does not answer as it should. The portal tries again by itself."),
    "azure_forbids": gettext_lazy(
        "Azure refuses the portal itself (%(status)s %(azure_code)s). An administrator has to check the portal's role; "
        "the portal tries again by itself."
    ),
    "password_not_given": gettext_lazy("The password was not given in time. No reimage was sent."),
    "paused": gettext_lazy(
        "An administrator paused execution, so nothing is sent. The portal goes on by itself once it is resumed."
    ),
    "breaker_tripped": gettext_lazy(
        "More than %(reimages)s reimages within %(minutes)s minutes in this subscription: an administrator has to let "
        "the others through."
    ),
    "own_rate_limit": gettext_lazy(
        "The portal stays below the number of calls that Azure takes. It goes on by itself when its turn comes."
    ),
    "identity_refused": gettext_lazy(
        "Azure does not accept the portal's own identity (%(status)s %(azure_code)s). An administrator has to mend the "
        "credential; the portal tries again by itself."
    ),
    "not_sent": gettext_lazy("Azure could not be reached, so nothing was sent. The portal tries again by itself."),
    "sealing_key_missing": gettext_lazy(
        "The worker lacks the key for the sealed password or customData. An administrator has to give it; the portal "
        "tries again by itself."
    ),
    "virtual_machine_gone": gettext_lazy("%(vm)s no longer exists in Azure."),
    "virtual_machine_not_there": gettext_lazy(
        "%(vm)s is no longer there: it was deleted, or moved to another resource group or subscription. No reimage was "
        "executed."
    ),
    "virtual_machine_moved": gettext_lazy(
        "%(vm)s was moved, and is now %(resource_id)s. The approval is for its old place; no reimage was executed."
    ),
    "not_verified": gettext_lazy(
        "The portal could not look at the machine after the reimage (%(status)s %(azure_code)s). Look at it yourself."
    ),
    "delete_option_changing": gettext_lazy("Azure is changing deleteOption."),
    "delete_option_stays_changed": gettext_lazy(
        "Before it ended, Azure was asked to change deleteOption from %(before)s to %(after)s. The portal does not "
        "change it back: check the machine before anything else is done with its OS disk."
    ),
    "delete_option_unchanged": gettext_lazy(
        "Azure was asked %(calls)s times to change deleteOption to %(wanted)s, and it is still as it was."
    ),
    "plan_is_not_the_approved_one": gettext_lazy(
        "The stored plan is not the one that was approved. No reimage was executed."
    ),
    "approval_expired": gettext_lazy("The approval ran out before the reimage could be sent. No reimage was executed."),
    "requester_lost_right": gettext_lazy(
        "Whoever asked may no longer request a reimage of this machine. No reimage was executed."
    ),
    "approver_lost_right": gettext_lazy(
        "Whoever approved may no longer decide for this machine. No reimage was executed."
    ),
    "azure_refused": gettext_lazy("Azure refused; nothing was executed. Azure's words: %(azure_code)s %(message)s"),
    "azure_operation_failed": gettext_lazy("Azure began and then failed. Azure's words: %(azure_code)s %(message)s"),
    "azure_conflict": gettext_lazy(
        "Azure could not take it just now (%(azure_code)s). The portal tries again by itself."
    ),
    "throttled": gettext_lazy("Azure asks for patience (too many requests). The portal tries again by itself."),
    "step_crashed": gettext_lazy("A mistake in the portal itself ended this step (%(error)s). The portal tries again."),
    "step_keeps_crashing": gettext_lazy(
        "A mistake in the portal itself has ended this step %(times)s times in a row (%(error)s). The portal tries a "
        "few more times; administrators know of it."
    ),
    "step_given_up": gettext_lazy(
        "A mistake in the portal itself ended this step %(times)s times in a row (%(error)s), so the portal gave up. "
        "No reimage was executed."
    ),
    "step_given_up_after_post": gettext_lazy(
        "A mistake in the portal itself ended this step %(times)s times in a row (%(error)s). An administrator has to "
        "see whether the reimage took place."
    ),
    "secret_unusable": gettext_lazy(
        "The sealed password or customData cannot be used, so no reimage was sent. Send a new request."
    ),
    "too_many_attempts": gettext_lazy("Azure refused %(attempts)s times; the portal gave up. Nothing was executed."),
    "too_late_to_send": gettext_lazy("The worker was too slow to send it safely. The portal tries again by itself."),
    "worker_died": gettext_lazy("The worker ended while sending. Whether Azure got the call is being found out."),
    "answer_lost": gettext_lazy("Azure's answer was lost. Whether it accepted the reimage is being found out."),
    "operation_address_missing": gettext_lazy("Azure accepted, but gave no address to follow the reimage at."),
    "operation_address_foreign": gettext_lazy(
        "Azure's answer points to a foreign address. The portal does not follow it; an administrator has to look."
    ),
    "operation_gone": gettext_lazy("Azure no longer knows its own operation. The portal looks at the machine instead."),
    "operation_takes_long": gettext_lazy(
        "Azure has not told the end of its operation for more than two hours. The portal looks at the machine instead."
    ),
    "takes_too_long": gettext_lazy(
        "Azure has been working on it for more than two hours; an administrator has to look."
    ),
    "no_answer_for_long": gettext_lazy(
        "The portal has not been able to read the machine or Azure's Activity Log for more than two hours; an "
        "administrator has to look."
    ),
    "waiting_for_evidence": gettext_lazy("No evidence yet whether Azure accepted the reimage."),
    "no_evidence": gettext_lazy(
        "There is no evidence that Azure accepted the reimage; an administrator has to decide."
    ),
    "refusal_borne_out": gettext_lazy(
        "Nothing was executed: what the portal sees of the machine bears out that Azure refused. It is queued again."
    ),
    "refusal_not_borne_out": gettext_lazy(
        "Azure's answer was a refusal, but nothing bears it out: it may have come from a gateway, after Azure had "
        "accepted the reimage. The portal does not send it again; an administrator has to decide."
    ),
    "os_disk_was_replaced": gettext_lazy("The OS disk was replaced: the reimage took place."),
    "accepted_without_end": gettext_lazy(
        "Azure accepted the reimage, but nothing tells how it ended; an administrator has to look."
    ),
    "activity_log_succeeded": gettext_lazy("Azure's Activity Log shows that the reimage took place."),
    "activity_log_failed": gettext_lazy("Azure's Activity Log shows that the reimage was refused or failed."),
    "settling": gettext_lazy("Azure reports success; the machine is still settling."),
    "settled_as_executed": gettext_lazy("An administrator decided that the reimage took place: %(comment)s"),
    "settled_as_not_executed": gettext_lazy(
        "An administrator decided that the reimage did not take place: %(comment)s"
    ),
    "another_virtual_machine": gettext_lazy("There is another machine under this name now."),
    "not_provisioned_after": gettext_lazy("Azure shows the machine as %(provisioning_state)s after the reimage."),
    "not_running_after": gettext_lazy(
        "The machine ran before the reimage and does not run after it (%(power_state)s)."
    ),
    "image_version_not_applied": gettext_lazy(
        "Image version %(wanted)s was asked for, but the machine has %(found)s after the reimage."
    ),
    "os_disk_not_shown": gettext_lazy(
        "Azure reports success, but does not say which OS disk the machine has now instead of %(os_disk)s."
    ),
    "os_disk_not_replaced": gettext_lazy("Azure reports success, but the OS disk %(os_disk)s was not replaced."),
    "old_os_disk_gone": gettext_lazy("The old OS disk %(os_disk)s should have been kept, but it is gone."),
    "old_os_disk_still_there": gettext_lazy(
        "The old OS disk %(os_disk)s should have been deleted, but it still exists."
    ),
}
