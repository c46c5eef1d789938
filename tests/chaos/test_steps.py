"""Steps are read from the logs as the portal really writes them."""

import json
from pathlib import Path

import pytest
from django.db import OperationalError

from portal.identity.models import User
from reimage.domain.operation_states import OperationState
from reimage.services import execution
from tests.chaos.steps import steps_in
from tests.sandbox_process import SandboxProcess
from tests.stories import approved


def line(event: str, at: float, **more: object) -> str:
    stamp = f"2026-01-01T00:00:{at:09.6f}Z"
    return json.dumps({"event": event, "timestamp": stamp, "operation": 7, "fence": 3, **more})


def test_each_step_ends_as_its_log_says(tmp_path: Path) -> None:
    log = tmp_path / "worker1.2.log"
    lines = [
        line("operation.step", 1),
        line("operation.stepped", 2),
        line("operation.step", 3, fence=4),
        line("operation.crashed", 4, fence=4),
        line("operation.step", 5, fence=5),
        line("operation.lease_lost", 6, fence=5),
        "a line of somebody else's",
        line("operation.step", 7, fence=6),
        line("operation.stepped", 8, fence=6)[:-20],  # cut off by the kill
    ]
    log.write_text("\n".join(lines), encoding="utf-8")
    found = [
        (step.life, step.operation, step.ended and step.ended - step.began, step.crashed) for step in steps_in([log])
    ]
    assert found == [
        (log.name, 7, 1, False),
        (log.name, 7, 1, True),
        (log.name, 7, 1, False),
        (log.name, 7, None, False),
    ]


@pytest.mark.parametrize(("error", "crashed"), [(None, False), (OperationalError("the connection is lost"), True)])
def test_the_portal_writes_such_lines(
    error: Exception | None,
    crashed: bool,
    azure: SandboxProcess,
    alice: User,
    bob: User,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    operation = approved(alice, bob, "web-01").operations.get()
    if error:

        def fail(_held: object) -> None:
            raise error

        monkeypatch.setattr(execution, "STEPS", {OperationState.QUEUED: fail})
    caplog.set_level("INFO")
    execution.advance_operation(operation.pk)
    log = tmp_path / "worker1.1.log"
    stamps = ({"timestamp": f"2026-01-01T00:00:{n:02}+00:00"} for n in range(60))
    said = [record.msg | next(stamps) for record in caplog.records if isinstance(record.msg, dict)]
    log.write_text("\n".join(json.dumps(entry, default=str) for entry in said), encoding="utf-8")
    (step,) = steps_in([log])
    assert (step.operation, step.crashed, step.ended is not None) == (operation.pk, crashed, True)
