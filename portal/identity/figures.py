"""Whether closed accounts are still looked for, as a sign of health. No values where nobody asked for it."""

from django.conf import settings

from portal.health.duties import age_of
from portal.health.heartbeats import age_of_oldest
from portal.health.models import ProcessRole
from portal.health.readings import Reading, single, within

DUTY = "accounts"
INTERVALS = 3


def read() -> Reading:
    """The age of the last look that Graph answered; before the first one, how long a worker could have made it."""
    if not settings.ACCOUNT_CHECK_SECONDS:
        return Reading()
    age = age_of(DUTY)
    if age is None:
        age = age_of_oldest(ProcessRole.WORKER)
    limit = INTERVALS * settings.ACCOUNT_CHECK_SECONDS + settings.READY_SILENCE_SECONDS
    return Reading(
        checks=(within("account_check", age, float(limit)),),
        figures=(single("portal_account_check_age_seconds", "Since closed accounts were last looked for", age),),
    )
