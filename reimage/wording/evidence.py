"""What speaks for and against a reimage having taken place, in one sentence each."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext_lazy

EVIDENCE: Mapping[str, Any] = {
    "accepted": gettext_lazy("Azure accepted the call (at %(time)s)."),
    "not_accepted": gettext_lazy("No acceptance by Azure was received."),
    "seen_busy": gettext_lazy("The machine was seen busy after the call (at %(time)s)."),
    "seen_quiet": gettext_lazy("For %(time)s the portal saw that Azure was not busy with the machine."),
    "disk_replaced": gettext_lazy("The OS disk is another one than before the call."),
    "disk_unchanged": gettext_lazy("The OS disk is the same as before the call."),
    "disk_tells_nothing": gettext_lazy(
        "The OS disk is ephemeral: a reimage does not change its name, so it tells nothing."
    ),
    "disk_not_shown": gettext_lazy("Azure does not say which OS disk the machine has, so it tells nothing."),
    "another_machine": gettext_lazy("There is another machine under this name now, so its disk tells nothing."),
    "machine_gone": gettext_lazy("The machine no longer exists in Azure, so it tells nothing."),
    "machine_unread": gettext_lazy("Azure does not show the machine right now. Open this page again later."),
    "log_succeeded": gettext_lazy("The Activity Log has this call, and that it succeeded."),
    "log_begun": gettext_lazy("The Activity Log has this call, but not how it ended."),
    "log_refused": gettext_lazy("The Activity Log has this call, and that Azure refused it."),
    "log_failed": gettext_lazy("The Activity Log has this call, and that it was refused or failed."),
    "log_absent": gettext_lazy("The portal finds no trace of this call in the Activity Log, which is minutes late."),
    "log_not_asked": gettext_lazy("The Activity Log was not asked."),
    "log_unreadable": gettext_lazy(
        "The portal cannot read the Activity Log now: Azure does not answer, or the portal may not read it."
    ),
}
