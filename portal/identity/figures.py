"""Whether closed accounts are still looked for, as a sign of health. No values where nobody asked for it."""

from django.conf import settings

from portal.health.duties import age_of
from portal.health.readings import Reading, single, within

DUTY = "accounts"
INTERVALS = 3  # of which one may be missed without an alarm


def read() -> Reading:
    """The age of the last look that Graph answered."""
    if not settings.ACCOUNT_CHECK_SECONDS:
        return Reading()
    age = age_of(DUTY)
    limit = INTERVALS * settings.ACCOUNT_CHECK_SECONDS + settings.READY_SILENCE_SECONDS
    return Reading(
        checks=(within("account_check", age, float(limit)),),
        figures=(single("portal_account_check_age_seconds", "Since closed accounts were last looked for", age),),
    )
