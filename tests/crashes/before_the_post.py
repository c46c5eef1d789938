"""What keeps a machine from being reimaged, for now or for good, before anything was sent."""

from reimage.domain.operation_states import OperationState
from reimage.domain.plan import DeleteOptionChange
from reimage.models import ReimageOperation
from tests.crashes.scripts import PATCH, Script, answered, faults, unsent
from tests.sandbox_process import SandboxProcess

INTENDING = "before commit by reimaging.submit"
CHANGE = {"change": DeleteOptionChange.DELETE}


def busy_for_a_while(sandbox: SandboxProcess, operation: ReimageOperation) -> None:
    """Somebody's own update, which ends after one look."""
    if operation.state == OperationState.QUEUED:
        sandbox.drift(operation.name, provisioning_state="Updating")
    elif operation.note_code == "virtual_machine_busy":
        sandbox.drift(operation.name, provisioning_state="Succeeded")


SCRIPTS = {
    "a machine that is another one": Script(
        end=unsent(OperationState.DRIFTED),
        faults=lambda sandbox: sandbox.drift("web-03", recreate=True),
        fewest_points=10,
    ),
    "a busy machine": Script(
        meanwhile=busy_for_a_while,
        strikes_at="before update by preflight._check_facts",
        is_over_at=INTENDING,
    ),
    "a machine that cannot be read": Script(
        faults=faults(answered(503, {"verb": "GET", "vm": "web-03"}, times=1)),
        strikes_at="before update by moves.wait_for_azure",
        is_over_at=INTENDING,
    ),
    "a deleteOption that is not changed": Script(
        end=unsent(OperationState.FAILED, "azure_refused"),
        machine="batch-01",
        settings=CHANGE,
        faults=faults(answered(429, PATCH, retry_after=1), answered(403, PATCH, times=9)),
        fewest_points=20,
        strikes_at="after PATCH batch-01 by preflight._change_delete_option",
    ),
}
