"""Azure refuses the POST: for now, so that it is sent again once evidence bears that out, or for good."""

from datetime import timedelta

from reimage.domain.operation_states import OperationState
from reimage.domain.parameters import ReimageParameters
from tests.crashes.scripts import ACCEPTED, AFTER_POST, NO_EVIDENCE, POST, SETTLED, Script, answered, faults, unsent

FAILED = OperationState.FAILED
REFUSED_LATE = unsent(FAILED, "activity_log_failed")  # nobody kept the answer, but the log has it
SECRET = {"parameters": ReimageParameters(admin_password="Correct-Horse-7")}
SCRIPTS = {
    "a conflict": Script(
        posts=2,
        machine="web-02",
        settings=SECRET,
        looks_after=timedelta(minutes=6),  # within the quarantine
        faults=faults(answered(409, code="Conflict")),
        after_death=frozenset({NO_EVIDENCE, REFUSED_LATE}),
        strikes_at=AFTER_POST,
        is_over_at=ACCEPTED,
    ),
    "throttled, then a gateway that hides an acceptance": Script(
        posts=2,
        faults=faults(answered(429, retry_after=5), {"fault": "accepted_then_status", "match": POST, "status": 409}),
        after_death=frozenset({NO_EVIDENCE, REFUSED_LATE}),
        strikes_at=AFTER_POST,
        is_over_at=SETTLED,
    ),
    "an identity that is not accepted for a while": Script(
        posts=2,
        faults=faults(answered(401, code="InvalidAuthenticationToken")),
        after_death=frozenset({NO_EVIDENCE}),
        strikes_at=AFTER_POST,
        is_over_at=ACCEPTED,
    ),
    "a right that is missing": Script(
        end=unsent(FAILED, "azure_refused"),
        faults=faults(answered(403, code="AuthorizationFailed")),
        after_death=frozenset({NO_EVIDENCE}),
        fewest_points=15,
        strikes_at=AFTER_POST,
    ),
}
