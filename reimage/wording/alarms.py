"""What holds execution up, in one sentence each: for the banner, the page and the mail to administrators."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext_lazy

ALARMS: Mapping[str, Any] = {
    "azure_refuses": gettext_lazy(
        "Azure refuses the portal itself: its credential was revoked or has expired, or its role was taken away. "
        "Nothing fails; reimages wait and go on by themselves once the credential or the role is mended."
    ),
    "sealing_key_missing": gettext_lazy(
        "The worker lacks the key for sealed passwords and customData (SEALING_PRIVATE_KEY_FILE). Reimages that carry "
        "one wait and go on by themselves once the key is there; generated passwords can be seen only then."
    ),
    "step_keeps_crashing": gettext_lazy(
        "A mistake in the portal itself keeps ending a step of a reimage. The portal tries a few more times; then the "
        "reimage fails, or needs an administrator if Azure may have been asked. The worker's log says what went wrong "
        "(operation.crashed)."
    ),
    "breaker_tripped": gettext_lazy(
        "More than %(reimages)s reimages within %(minutes)s minutes in subscription %(subscription_id)s: the others "
        "wait until an administrator lets them through."
    ),
}

# The same for whoever asks or decides meanwhile: what it means for this request, and whom it waits for.
HELD: Mapping[str, Any] = {
    "paused": gettext_lazy("Execution is paused: once approved, this waits until an administrator resumes execution."),
    "breaker_tripped": gettext_lazy(
        "Many machines of this subscription are being reimaged: once approved, this waits until an administrator lets "
        "it through."
    ),
    "azure_refuses": gettext_lazy(
        "Azure refuses the portal itself at present: once approved, this waits until an administrator has mended that."
    ),
    "sealing_key_missing": gettext_lazy(
        "The worker lacks its key at present: once approved, machines with a new password or customData wait until an "
        "administrator has given it."
    ),
}
