"""The rules' findings in people's words: one text per code, translated where it is read. Decides nothing."""

from collections.abc import Callable, Mapping
from typing import Any

from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from reimage.domain.consequences import Consequence, ConsequenceCode
from reimage.domain.drift import FieldDrift
from reimage.domain.errors import RuleViolation
from reimage.domain.operation_states import OperationState
from reimage.domain.request_states import RequestState
from reimage.models import ApprovalDecision, DecisionOutcome

Params = Mapping[str, Any]

REQUEST_STATES = {
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

OPERATION_STATES = {
    OperationState.PLANNED: gettext_lazy("Planned"),
    OperationState.AWAITING_APPROVAL: gettext_lazy("Waiting for approval"),
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

FIELDS = {
    "resource_id": gettext_lazy("resource id"),
    "vm_id": gettext_lazy("VM id (another machine of the same name)"),
    "location": gettext_lazy("location"),
    "os_type": gettext_lazy("operating system"),
    "image_urn": gettext_lazy("image"),
    "image_id": gettext_lazy("image"),
    "image_exact_version": gettext_lazy("image version"),
    "os_disk_id": gettext_lazy("OS disk"),
    "ephemeral": gettext_lazy("ephemeral OS disk"),
    "delete_option": gettext_lazy("deleteOption of the OS disk"),
}

CHARACTER_CLASSES = {
    "lower": gettext_lazy("a lower-case letter"),
    "upper": gettext_lazy("an upper-case letter"),
    "digit": gettext_lazy("a digit"),
    "special": gettext_lazy("a special character"),
}

_C = ConsequenceCode
CONSEQUENCES: Mapping[ConsequenceCode, Any] = {
    _C.OS_DISK_REPLACED: gettext_lazy(
        "Everything on the OS disk %(os_disk)s is replaced by a fresh copy of the image."
    ),
    _C.EPHEMERAL_OS_DISK_RESET: gettext_lazy(
        "The OS disk is ephemeral (deleteOption Delete, which cannot be changed): its contents are lost and cannot be "
        "recovered."
    ),
    _C.OLD_OS_DISK_KEPT: gettext_lazy(
        "deleteOption is Detach: the old OS disk %(os_disk)s is kept as an unattached disk, and goes on costing money "
        "until somebody deletes it."
    ),
    _C.OLD_OS_DISK_DELETED: gettext_lazy(
        "deleteOption is Delete: the old OS disk %(os_disk)s will be deleted and cannot be recovered."
    ),
    _C.DELETE_OPTION_STAYS_CHANGED: gettext_lazy(
        "deleteOption is changed from %(before)s to %(after)s before the reimage, and stays so afterwards."
    ),
    _C.TEMP_DISK_REIMAGED: gettext_lazy("The temporary disk is reimaged too: what is on it is lost."),
    _C.IMAGE_VERSION_UNPROVEN: gettext_lazy(
        "Image version %(exact_version)s is asked for. Azure may report success without applying it; the portal checks "
        "afterwards and says so."
    ),
    _C.IMAGE_VERSION_KEPT: gettext_lazy("The image version stays as it is."),
    _C.IMAGE_UNKNOWN: gettext_lazy(
        "Azure names no image for this machine. What a reimage does then is not documented by Azure."
    ),
    _C.ADMIN_PASSWORD_SET: gettext_lazy("A new administrator password is set."),
    _C.CUSTOM_DATA_MUST_MATCH: gettext_lazy(
        "customData is sent. Azure refuses the reimage if it differs from what the machine was created with."
    ),
    _C.IDENTITY_OF_VIRTUAL_MACHINE_STAYS: gettext_lazy(
        "The machine keeps its VM id, its name and its network interfaces."
    ),
    _C.DATA_DISKS_UNDOCUMENTED: gettext_lazy(
        "Whether programs find the data disks as before is not documented by Azure."
    ),
    _C.TEMP_DISK_UNDOCUMENTED: gettext_lazy("What happens to the temporary disk is not documented by Azure."),
    _C.EXTENSIONS_UNDOCUMENTED: gettext_lazy("What happens to VM extensions is not documented by Azure."),
    _C.MANAGED_IDENTITY_UNDOCUMENTED: gettext_lazy(
        "What happens to the machine's managed identity is not documented by Azure."
    ),
    _C.NOT_RUNNING_UNDOCUMENTED: gettext_lazy(
        "The machine is not running (%(power_state)s). What a reimage does then is not documented by Azure."
    ),
}

VIOLATIONS: Mapping[str, Any] = {
    "no_virtual_machine": gettext_lazy("No machine is chosen. Choose at least one."),
    "too_many_virtual_machines": gettext_lazy(
        "%(count)s machines are chosen; a request holds at most %(maximum)s. Split it into several requests."
    ),
    "virtual_machine_repeated": gettext_lazy("A machine is named twice. Choose each machine once."),
    "virtual_machine_vanished": gettext_lazy("%(vm)s no longer exists in Azure. Take it out of the request."),
    "virtual_machine_busy": gettext_lazy(
        "Azure is busy with this machine (%(provisioning_state)s). Wait until that has ended, then try again."
    ),
    "virtual_machine_has_open_request": gettext_lazy(
        "%(vm)s already has an open request. Wait for it to end, or have it canceled."
    ),
    "virtual_machine_not_covered": gettext_lazy(
        "You are not an approver for %(vm)s. Ask an administrator for a grant."
    ),
    "own_request": gettext_lazy(
        "This is your own request: a second person has to decide. Ask one of the approvers named on the page."
    ),
    "os_disk_unmanaged": gettext_lazy(
        "The OS disk of %(vm)s is not a managed disk, so the portal cannot tell its fate. Reimage it in Azure itself."
    ),
    "temp_disk_needs_ephemeral": gettext_lazy(
        "tempDisk is only supported for machines with an ephemeral OS disk. Leave it off for this machine."
    ),
    "os_profile_needs_non_ephemeral": gettext_lazy(
        "A password or customData can only be given for a machine whose OS disk is not ephemeral. Leave it empty."
    ),
    "exact_version_blank": gettext_lazy("The version is blank. Leave the field empty to keep the present version."),
    "exact_version_too_long": gettext_lazy("The version has more than %(maximum)s characters. Copy it from the list."),
    "exact_version_characters": gettext_lazy(
        "The version may hold letters, digits, and . _ - only, beginning with a letter or digit. Copy it from the list."
    ),
    "password_too_short": gettext_lazy("For %(os_type)s the password needs at least %(minimum)s characters."),
    "password_too_long": gettext_lazy("For %(os_type)s the password may have at most %(maximum)s characters."),
    "password_disallowed": gettext_lazy("Azure refuses this well-known password. Choose another one."),
    "password_differs": gettext_lazy("The two passwords are not the same. Type both again."),
    "custom_data_not_base64": gettext_lazy(
        "This is not base64 (A–Z, a–z, 0–9, +, /, padded with =). Choose “text”, and the portal encodes it for you."
    ),
    "custom_data_empty": gettext_lazy("customData is empty. Leave the field empty, or give some content."),
    "custom_data_too_long": gettext_lazy(
        "customData has %(bytes)s bytes; Azure takes at most %(maximum)s. Shorten it."
    ),
    "custom_data_twice": gettext_lazy("Give customData as text or as a file, not both."),
    "delete_option_fixed_for_ephemeral": gettext_lazy(
        "%(vm)s has an ephemeral OS disk, whose deleteOption cannot be changed. Leave it as it is."
    ),
    "justification_missing": gettext_lazy("Say why the machines should be reimaged; the approver decides by it."),
    "confirmation_differs": gettext_lazy("Type “%(phrase)s” to confirm."),
    "disk_deletion_not_accepted": gettext_lazy(
        "An old OS disk will be deleted and cannot be recovered. Tick the box to confirm that, or go back and change "
        "deleteOption to Detach."
    ),
}

# Why an operation waits or stopped, and what differed afterwards.
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
    "not_sent": gettext_lazy("Azure could not be reached, so nothing was sent. The portal tries again by itself."),
    "sealing_key_missing": gettext_lazy(
        "The worker lacks the key for the sealed password or customData. An administrator has to give it; the portal "
        "tries again by itself."
    ),
    "virtual_machine_gone": gettext_lazy("%(vm)s no longer exists in Azure."),
    "not_verified": gettext_lazy(
        "The portal could not look at the machine after the reimage (%(status)s %(azure_code)s). Look at it yourself."
    ),
    "delete_option_changing": gettext_lazy("Azure is changing deleteOption."),
    "delete_option_unchanged": gettext_lazy(
        "Azure was asked %(calls)s times to change deleteOption to %(wanted)s, and it is still as it was."
    ),
    "plan_is_not_the_approved_one": gettext_lazy("The stored plan is not the one that was approved. Nothing was sent."),
    "approval_expired": gettext_lazy("The approval ran out before the reimage could be sent. Nothing was sent."),
    "requester_lost_right": gettext_lazy("%(name)s may no longer request a reimage of this machine. Nothing was sent."),
    "approver_lost_right": gettext_lazy("%(name)s may no longer decide for this machine. Nothing was sent."),
    "azure_refused": gettext_lazy("Azure refused; nothing was executed. Azure's words: %(azure_code)s %(message)s"),
    "azure_operation_failed": gettext_lazy("Azure began and then failed. Azure's words: %(azure_code)s %(message)s"),
    "azure_conflict": gettext_lazy(
        "Azure could not take it just now (%(azure_code)s). The portal tries again by itself."
    ),
    "throttled": gettext_lazy("Azure asks for patience (too many requests). The portal tries again by itself."),
    "secret_unusable": gettext_lazy(
        "The sealed password or customData cannot be used, so nothing was sent. Send a new request."
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
    "takes_too_long": gettext_lazy(
        "Azure has been working on it for more than two hours; an administrator has to look."
    ),
    "waiting_for_evidence": gettext_lazy("No evidence yet whether Azure accepted the reimage."),
    "no_evidence": gettext_lazy(
        "There is no evidence that Azure accepted the reimage; an administrator has to decide."
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
    "os_disk_not_replaced": gettext_lazy("Azure reports success, but the OS disk %(os_disk)s was not replaced."),
    "old_os_disk_gone": gettext_lazy("The old OS disk %(os_disk)s should have been kept, but it is gone."),
    "old_os_disk_still_there": gettext_lazy(
        "The old OS disk %(os_disk)s should have been deleted, but it still exists."
    ),
}


def consequence_text(consequence: Consequence) -> str:
    """One consequence of the plan as a sentence."""
    params = {"os_disk": "–", **consequence.params}
    if consequence.code is _C.DATA_DISKS_NOT_TOUCHED:
        count = int(params["count"])
        return ngettext(
            "The %(count)s data disk is not touched by the documented operation.",
            "The %(count)s data disks are not touched by the documented operation.",
            count,
        ) % {"count": count}
    return str(CONSEQUENCES[consequence.code]) % params


def violation_text(violation: RuleViolation) -> str:
    """A broken rule as a sentence that says how to mend it."""
    if violation.code == "password_too_simple":
        missing = [str(CHARACTER_CLASSES[name]) for name in str(violation.params["missing"]).split(",")]
        return _("The password needs %(needed)s of four kinds of characters; it lacks: %(missing)s.") % {
            "needed": violation.params["needed"],
            "missing": _(", ").join(missing),
        }
    return str(VIOLATIONS[violation.code]) % _named(violation.params)


def note_text(note: Params) -> str:
    """Why an operation waits, stopped, or what was found afterwards; empty for none."""
    if not note:
        return ""
    params = note.get("params") or {}
    if note["code"] == "drifted":
        return drift_text(FieldDrift(params["field"], params["approved"], params["found"]))
    return str(NOTES[note["code"]]) % _named(params)


def drift_text(difference: FieldDrift) -> str:
    """One field that is not as approved."""
    return _("%(field)s: approved %(approved)s, found %(found)s") % {
        "field": FIELDS[difference.field],
        "approved": _value(difference.approved),
        "found": _value(difference.found),
    }


def settled_text(pk: int, state: str, decision: ApprovalDecision | None) -> str:
    """Why a late decision or cancellation came to nothing."""
    if decision is None:
        return _("Request #%(id)s can no longer be changed: %(state)s.") % {
            "id": pk,
            "state": REQUEST_STATES[RequestState(state)],
        }
    texts: dict[str, Callable[[], str]] = {
        DecisionOutcome.APPROVED: lambda: _("Request #%(id)s was already approved by %(name)s at %(time)s."),
        DecisionOutcome.REJECTED: lambda: _("Request #%(id)s was already rejected by %(name)s at %(time)s."),
    }
    when = date_format(localtime(decision.decided_at), "DATETIME_FORMAT")
    return texts[decision.outcome]() % {"id": pk, "name": decision.approver, "time": when}


def _value(value: str | bool | None) -> str:
    if value is None:
        return "–"
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    return value


class _Named(dict[str, Any]):
    """Azure may leave a word out; a sentence is not lost for that."""

    def __missing__(self, key: str) -> str:
        return "–"


def _named(params: Params) -> _Named:
    return _Named(params)
