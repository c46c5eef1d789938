"""Azure took the POST, or may have, and its answer or its operation is lost, tells of a failure, or leads elsewhere."""

from datetime import timedelta

from reimage.domain.operation_states import OperationState
from reimage.models import ReimageOperation
from reimage.services.crashes import MAX_CRASHES
from tests.crashes.scripts import ACCEPTED, AFTER_POST, NO_EVIDENCE, POST, SETTLED, SUCCEEDED, Script, asked, faults
from tests.sandbox_process import SandboxProcess

POLL = {"verb": "GET", "path_contains": "/operations/"}
FAILED = OperationState.FAILED
OFTEN = timedelta(seconds=50)


def damage_its_plan(_sandbox: SandboxProcess, operation: ReimageOperation) -> None:
    """By a hand in the database, after the POST; all crashes but the last two are over."""
    if operation.state == OperationState.IN_PROGRESS and operation.crashes < MAX_CRASHES - 2:
        operation.plan = {**operation.plan, "schema": 0}
        operation.crashes = MAX_CRASHES - 2
        operation.save(update_fields=["plan", "crashes"])


def starts_late(sandbox: SandboxProcess, operation: ReimageOperation) -> None:
    """Azure says Succeeded before the machine runs."""
    if operation.state == OperationState.VERIFYING:
        sandbox.drift(operation.name, power_state="running" if operation.note_code == "settling" else "stopped")


SCRIPTS = {
    "an answer that is lost": Script(
        faults=faults({"fault": "accepted_then_lost", "match": POST}),
        strikes_at="before POST reimage by reimaging.submit",
        after_death=frozenset({NO_EVIDENCE}),
        is_over_at=SETTLED,
        looks_after=OFTEN,
    ),
    "a call that breaks off": Script(
        end=NO_EVIDENCE,
        faults=faults({"fault": "reset_before", "match": POST}),
        strikes_at="after commit by reimaging.submit",
        looks_after=timedelta(minutes=11),
        fewest_points=20,
    ),
    "an operation that fails": Script(
        end=(1, FAILED, "azure_operation_failed"),
        fewest_points=25,
        faults=faults({"fault": "operation_failed", "match": POST, "code": "OSProvisioningTimedOut"}),
        after_death=frozenset({(1, FAILED, "activity_log_failed")}),
        strikes_at=AFTER_POST,
    ),
    "an operation that fails and is forgotten": Script(
        end=(1, FAILED, "activity_log_failed"),
        faults=faults(
            {"fault": "operation_failed", "match": POST}, {"fault": "operation_gone", "match": POLL, "times": 9}
        ),
        fewest_points=25,
        strikes_at=ACCEPTED,
    ),
    "an operation on a foreign host": Script(
        end=asked("operation_address_foreign", accepted=1),
        faults=faults({"fault": "foreign_operation_host", "match": POST}),
        after_death=frozenset({SUCCEEDED}),
        fewest_points=15,
        strikes_at=AFTER_POST,
    ),
    "an answer without an address": Script(
        faults=faults({"fault": "no_operation_headers", "match": POST}),
        strikes_at=AFTER_POST,
        is_over_at=SETTLED,
    ),
    "a machine that starts late": Script(
        meanwhile=starts_late,
        strikes_at="after commit by following._ended",
        is_over_at="after update by verification.verify",
    ),
    "a step that keeps crashing": Script(
        end=asked("step_given_up_after_post", accepted=1),
        meanwhile=damage_its_plan,
        fewest_points=20,
        strikes_at=ACCEPTED,
    ),
}
